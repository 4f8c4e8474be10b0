import { randomBytes, randomUUID } from 'node:crypto';
import { topics } from '@mirror/events';
import { type Accepted, type AcceptRequest, acceptOperation, type Namespace, uploadEvent } from '@mirror/namespace';
import type { Outbox } from '@mirror/outbox';
import type { NewIntent, StagedBytes, Staging, StagingIntents } from '@mirror/staging';
import type { ClientSession } from 'mongodb';
import type { AcceptanceGate } from './acceptance-gate.js';

/** Bytes that are durable, and belong to nobody yet. */
export interface StagedPart extends StagedBytes {
  readonly stagedId: string;
}

export type Acceptable = Omit<AcceptRequest, 'operationId'> & {
  /** Of the object that it puts: they become the operation's. */
  readonly stagedIds?: readonly string[];
};

/** What clients write, from its first byte to its acceptance (rule R9): intent, bytes, then one transaction. */
export class Acceptance {
  constructor(
    private readonly namespace: Namespace,
    private readonly staging: Staging,
    private readonly intents: StagingIntents,
    private readonly gate: AcceptanceGate,
    /** Where events of what was accepted wait, and who brings them to Kafka. */
    private readonly events: { readonly outbox: Outbox; nudge(): void },
  ) {}

  /** Durable when it resolves. When it rejects, with the body's own error or the store's, nothing is kept. */
  async stage(owner: Omit<NewIntent, 'stagedId'>, body: AsyncIterable<Uint8Array>): Promise<StagedPart> {
    await this.gate.pass(); // rather than after all bytes
    const stagedId = newStagedId();
    await this.intents.open({ stagedId, ...owner });
    try {
      return { stagedId, ...(await this.staging.write(stagedId, body)) };
    } catch (error) {
      await this.discard([stagedId]);
      throw error;
    }
  }

  /** Accepts one operation in a transaction of its own. What `decide` throws, PermanentErrors of `acceptOperation`. */
  async accept(request: Acceptable): Promise<Accepted> {
    const operationId = randomUUID();
    return this.transaction((session) => this.acceptWithin(session, operationId, request));
  }

  /** The part of a larger transaction that accepts an operation. */
  async acceptWithin(session: ClientSession, operationId: string, request: Acceptable): Promise<Accepted> {
    const { stagedIds = [], ...operation } = request;
    const accepted = await acceptOperation(session, this.namespace, { operationId, ...operation });
    if (stagedIds.length > 0) await this.intents.commit(session, stagedIds, operationId);
    await this.events.outbox.add(session, topics.uploads, uploadEvent(accepted.operation, 'gateway'));
    return accepted;
  }

  /** When it resolves, a majority has it. `work` may run several times, also long after the first: the gate is passed each time. */
  async transaction<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    const session = this.namespace.db.client.startSession();
    const attempt = async (): Promise<T> => {
      await this.gate.pass();
      return work(session);
    };
    try {
      const result = await session.withTransaction(attempt, {
        readConcern: { level: 'snapshot' },
        writeConcern: { w: 'majority' },
      });
      this.events.nudge();
      return result;
    } finally {
      await session.endSession();
    }
  }

  /** The intent of a part stays open as long as its upload, in the transaction that registers it. */
  attach(session: ClientSession, stagedId: string): Promise<void> {
    return this.intents.attach(session, stagedId);
  }

  /** What an upload staged and its completion did not take, in the transaction that ends it. */
  abandonUpload(session: ClientSession, uploadId: string): Promise<void> {
    return this.intents.abandonUpload(session, uploadId);
  }

  /**
   * Gives staged bytes up whose operation was not accepted for certain. Bytes before intents: what fails here is left to the
   * sweep, which finds it by its intent.
   */
  async discard(stagedIds: readonly string[]): Promise<void> {
    try {
      await this.intents.abandon(stagedIds);
      for (const stagedId of stagedIds) await this.staging.remove(stagedId);
      await this.intents.remove(stagedIds);
    } catch {
      // The client is told what went wrong before, not this.
    }
  }

  /** Gives them up where a commit may have happened nevertheless: then it wins, and the sweep does nothing. */
  async giveUp(stagedIds: readonly string[]): Promise<void> {
    await this.intents.abandon(stagedIds).catch(() => undefined);
  }
}

/** Short: an upload of 10,000 parts has to fit into an event. */
const newStagedId = (): string => randomBytes(12).toString('hex');
