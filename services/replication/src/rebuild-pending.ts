import { randomUUID } from 'node:crypto';
import { type CloudEvent, type ReplicationCompleted, topics } from '@mirror/events';
import { committedOffsets, type KafkaConnection, type Offsets, readHistory } from '@mirror/kafka';
import {
  advancePosition,
  type Namespace,
  type OperationOutcome,
  operationOf,
  type PendingOperation,
  readPositions,
  remakeOperation,
  voidAllConfirmations,
} from '@mirror/namespace';
import { type Logger, PermanentError } from '@mirror/runtime';
import type { Staging, StagingIntents } from '@mirror/staging';
import type { AliveMirrors } from './drop-staged.js';
import type { PushAttempt } from './state/push-attempt.js';

/** How far the connector's clock may be behind the database's, and a version that an operation left still be found. */
const CLOCK_SKEW_MS = 300_000;

/**
 * Makes again what a restored database has lost of clients' operations, from the topics: those that were accepted since, as
 * pending; and what became of any of them. One whose outcome nobody has said may have reached the connector nevertheless: it
 * is marked as attempted, so that it is looked for there before it is pushed (I5). Run twice it changes nothing.
 */
export class PendingRebuild {
  constructor(
    private readonly kafka: KafkaConnection,
    private readonly namespace: Namespace,
    private readonly staging: Staging,
    private readonly intents: StagingIntents,
    private readonly alive: AliveMirrors,
    private readonly logger: Logger,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const { positions } = this.namespace;
    const [uploads, replication] = [topics.uploads, topics.replication];
    await voidAllConfirmations(this.namespace);
    const outcomes = new Map<string, OperationOutcome>();
    const outcomesFrom = await readPositions(positions, this.kafka.topicName(replication));
    const noteOutcome = async ({ type, data }: CloudEvent): Promise<void> => {
      if (type !== 'ReplicationCompleted') return;
      const completed = data as ReplicationCompleted;
      outcomes.set(completed.operationId, outcomeOf(completed));
    };
    const outcomesEnd = await readHistory(this.kafka, replication, outcomesFrom, noteOutcome, signal);
    const alive = await this.alive();
    let remade = 0;
    const uploadsFrom = await readPositions(positions, this.kafka.topicName(uploads));
    const remake = async (event: CloudEvent): Promise<void> => {
      if (await this.#remake(event, outcomes, alive)) remade += 1;
    };
    const uploadsEnd = await readHistory(this.kafka, uploads, uploadsFrom, remake, signal);
    const doubted = await this.#settlePending(outcomes);
    // What was done comes before the position: a crash in between means that all is read again.
    await this.#advance(uploads, 'replication', uploadsEnd);
    await this.#advance(replication, 'metadata-replication', outcomesEnd);
    this.logger.warn({ remade, doubted }, 'what the restored database had lost of uploads was made again');
  }

  async #remake(
    event: CloudEvent,
    outcomes: ReadonlyMap<string, OperationOutcome>,
    alive: ReadonlySet<string>,
  ): Promise<boolean> {
    const operation = operationOf(event);
    if (operation === undefined || !alive.has(operation.mirrorId)) return false;
    const outcome = outcomes.get(operation._id);
    // Without its bytes, and without an outcome, it was cancelled.
    if (outcome === undefined && !(await this.#hasBytes(operation))) return false;
    const lost = outcome ? { ...operation, outcome } : { ...operation, ...(await this.#doubt(operation)) };
    await this.namespace.prepareMirror(operation.mirrorId);
    await using session = this.namespace.db.client.startSession();
    return await session.withTransaction(
      async () => {
        if (!(await remakeOperation(session, this.namespace, lost))) return false;
        // Of one that is done, too: its bytes may still be there, and go by their intent.
        await this.intents.recommit(session, ownerOf(operation), stagedIdsOf(operation));
        return true;
      },
      { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } },
    );
  }

  async #hasBytes(operation: PendingOperation): Promise<boolean> {
    for (const stagedId of stagedIdsOf(operation)) {
      try {
        (await this.staging.read(stagedId)).destroy();
      } catch (error) {
        if (error instanceof PermanentError && error.code === 'STAGING.MISSING') return false;
        throw error;
      }
    }
    return true;
  }

  /** As an attempt that ended without an answer. A version that is known as another operation's is not its own. */
  async #doubt({
    mirrorId,
    key,
    what,
    acceptedDate,
  }: PendingOperation): Promise<{ begun?: true; attempt?: PushAttempt }> {
    if (what.kind !== 'put' && what.kind !== 'deleteMarker') return {};
    const others = this.namespace.versions(mirrorId).find({ '_id.k': key, aliases: { $exists: true } });
    const known = (await others.project<{ _id: { v: string } }>({ _id: 1 }).toArray()).map(({ _id }) => _id.v);
    const begunAt = new Date(acceptedDate.getTime() - CLOCK_SKEW_MS);
    return { begun: true, attempt: { id: randomUUID(), begunAt, known, endedAt: acceptedDate } };
  }

  /** Those that the database still has may have been pushed since, whatever it says. Answers how many are in doubt. */
  async #settlePending(outcomes: ReadonlyMap<string, OperationOutcome>): Promise<number> {
    const { pendingOperations } = this.namespace;
    let doubted = 0;
    for await (const operation of pendingOperations.find({ outcome: { $exists: false } })) {
      const outcome = outcomes.get(operation._id);
      const unsettled = { _id: operation._id, outcome: { $exists: false } };
      if (outcome) {
        await pendingOperations.updateOne(unsettled, { $set: { outcome }, $unset: { failed: true } });
        continue;
      }
      const doubt = operation.attempt ? {} : await this.#doubt(operation);
      if (!doubt.attempt) continue;
      const { modifiedCount } = await pendingOperations.updateOne(
        { ...unsettled, attempt: { $exists: false } },
        { $set: doubt },
      );
      doubted += modifiedCount;
    }
    return doubted;
  }

  async #advance(
    topic: typeof topics.uploads | typeof topics.replication,
    service: string,
    end: Offsets,
  ): Promise<void> {
    const committed = await committedOffsets(this.kafka, topic, service);
    for (const [partition, offset] of [...end, ...committed]) {
      const name = this.kafka.topicName(topic);
      await advancePosition(this.namespace.positions, name, Number(partition), String(offset));
    }
  }
}

function outcomeOf({ outcome, versionId, lastModified }: ReplicationCompleted): OperationOutcome {
  if (outcome === 'discarded') return { kind: 'discarded' };
  return { kind: 'done', versionId, ...(lastModified !== undefined && { lastModified: new Date(lastModified) }) };
}

const stagedIdsOf = ({ what }: PendingOperation): string[] =>
  what.kind === 'put' ? what.content.parts.map(({ stagedId }) => stagedId) : [];

const ownerOf = ({ _id: operationId, mirrorId, bucket, key }: PendingOperation) => ({
  operationId,
  mirrorId,
  bucket,
  key,
});
