import type { OperationOutcome } from '@mirror/namespace';
import { type Backoff, backoffMs, type Logger } from '@mirror/runtime';
import type { LocationPushes } from './location/location-pushes.js';
import type { Slots } from './location/slots.js';
import { nextOf } from './plan-push.js';
import type { PushContext } from './push/push-object.js';
import type { OperationPush } from './push/push-operation.js';
import type { PushError, PushResult } from './push/push-result.js';
import type { PushMetrics } from './push-metrics.js';
import type { OutcomeSpeaker } from './say-outcomes.js';
import type { LeasedKey } from './state/key-lease.js';
import { MAX_OF_KEY } from './state/key-reads.js';
import type { Operation } from './state/push-attempt.js';
import type { PushKeyStore } from './state/push-key-store.js';
import type { PushStore } from './state/push-store.js';

/** Where a key stands after it was worked at. */
export type KeyState =
  /** Nothing is left to be pushed, or the rest waits for an operator. */
  | { readonly kind: 'idle' }
  /** To be looked at again after so long. */
  | { readonly kind: 'later'; readonly afterMs: number; readonly retries: number };

/** One step of a key: its next operation, among those that it has. */
interface Turn {
  readonly mirror: MirrorAccess;
  readonly lease: LeasedKey;
  readonly operations: readonly Operation[];
  readonly operation: Operation;
  readonly attempts: number;
}

/** With these operations; undefined: they are to be read again. */
interface GoOn {
  readonly kind: 'goOn';
  readonly operations: readonly Operation[] | undefined;
}

export interface KeyPusherParts {
  readonly keys: PushKeyStore;
  readonly store: PushStore;
  readonly push: OperationPush;
  readonly speaker: OutcomeSpeaker;
  readonly metrics: PushMetrics;
  readonly logger: Logger;
}

/** What the keys of one mirror are pushed with. */
export interface MirrorAccess {
  readonly mirrorId: string;
  readonly location: LocationPushes;
  /** Operations that have begun, and are at the connector or wait for a place there. */
  readonly slots: Slots;
  readonly context: Omit<PushContext, 'signal' | 'mayPush'>;
  /** Aborts what runs, when the service has no more time to let it end. */
  readonly signal: AbortSignal;
  /** Whether another operation may begin: neither paused nor detached, the circuit closed, the service not stopping. */
  readonly mayPush: () => boolean;
}

const IDLE: KeyState = { kind: 'idle' };
const ANEW: GoOn = { kind: 'goOn', operations: undefined };
/** Another holder may have been faster that often before it is waited. */
const retriesAtOnce = 3;
const RETRY: Backoff = { baseMs: 400, maxMs: 60_000 };
/** Another process holds the key: it is looked at again in case that one dies. */
const HELD_ELSEWHERE_MS = 5_000;

/** Pushes the operations of one key after each other, in their order (I6), under the key's lease. */
export class KeyPusher {
  constructor(private readonly parts: KeyPusherParts) {}

  /** @param retries How often this key has come back in a row without an operation done. */
  async push(mirror: MirrorAccess, key: string, retries: number): Promise<KeyState> {
    const lease = await this.parts.keys.take(mirror.mirrorId, key);
    if (!lease) return later(HELD_ELSEWHERE_MS, retries);
    try {
      return await this.#pushAll(mirror, key, lease, retries);
    } finally {
      await lease.release();
    }
  }

  async #pushAll(mirror: MirrorAccess, key: string, lease: LeasedKey, retries: number): Promise<KeyState> {
    let attempts = retries;
    let operations: readonly Operation[] | undefined;
    for (;;) {
      operations ??= await this.#read(mirror.mirrorId, key);
      const operation = nextOf(operations);
      if (!operation || operation.failed) return IDLE;
      const turn = { mirror, lease, operations, operation, attempts };
      const after = await this.#step(turn);
      if (after.kind !== 'goOn') return after;
      attempts = after.operations ? 0 : attempts + 1;
      operations = after.operations;
    }
  }

  /** Under the lease. What is accepted from then on comes by its own event, or by the sweep. */
  async #read(mirrorId: string, key: string): Promise<readonly Operation[]> {
    const operations = await this.parts.store.operationsOf(mirrorId, key);
    for (const { outcome, ...operation } of operations) if (outcome) this.parts.speaker.completed(operation, outcome);
    return operations;
  }

  /** The slot is another's as soon as the answer is there: what is stored of it waits for the database. */
  async #step(turn: Turn): Promise<KeyState | GoOn> {
    const { mirror, lease, operation, operations } = turn;
    const startedAt = performance.now();
    let result: PushResult;
    {
      using _slot = await mirror.slots.take();
      const signal = AbortSignal.any([lease.signal, mirror.signal]);
      if (!mirror.mayPush() || signal.aborted) return IDLE;
      const begunAt = performance.now();
      result = await this.parts.push.step(operation, operations, lease, leased(mirror, lease, signal));
      this.parts.metrics.stepped(operation, result, (performance.now() - begunAt) / 1000);
    }
    return this.#conclude(turn, result, startedAt);
  }

  async #conclude(turn: Turn, result: PushResult, startedAt: number): Promise<KeyState | GoOn> {
    const { mirror, operation, attempts } = turn;
    switch (result.kind) {
      case 'outcome':
        return this.#done(turn, result.outcome);
      case 'overtaken':
        return attempts > retriesAtOnce ? later(RETRY.baseMs, attempts) : ANEW;
      case 'failed':
        return this.#fail(operation, result.error);
      case 'denied':
        return this.#denied(turn, result.error, startedAt);
      case 'retry': {
        this.parts.logger.debug(
          { operationId: operation._id, err: result.error, key: operation.key },
          'to be tried again',
        );
        // While it is open nothing begins, and when it closes every key is looked at.
        if (result.isLocation) await mirror.location.probe();
        return later(result.afterMs ?? backoffMs(attempts, RETRY, Math.random()), attempts + 1);
      }
      default:
        return result satisfies never;
    }
  }

  async #done({ lease, operation, operations }: Turn, outcome: OperationOutcome): Promise<KeyState | GoOn> {
    // The version id is stored before anything else is said (rule R10).
    if (!(await this.parts.store.storeOutcome(operation, outcome))) return ANEW;
    const rest = operations.map((one) => (one === operation ? { ...one, outcome } : one));
    const isMore = nextOf(rest) !== undefined;
    const isLast = !isMore && operations.length < MAX_OF_KEY;
    const done = { sequence: operation.sequence, outcome };
    await (isLast ? lease.release(done) : lease.done(done));
    this.parts.speaker.completed(operation, outcome);
    if (isLast) return IDLE;
    return isMore ? { kind: 'goOn', operations: rest } : ANEW;
  }

  /** The connector said no. Where it says so to everybody the circuit opens; where it does not, it is the operation. */
  async #denied({ mirror, operation, attempts }: Turn, error: PushError, startedAt: number): Promise<KeyState | GoOn> {
    const { location } = mirror;
    const probed = await location.probe();
    if (probed === 'open') return later(RETRY.baseMs, attempts);
    // Where it said no to everybody meanwhile, it is well again, and this one has had its no from then.
    return probed === 'changed' || location.wasOpenSince(startedAt) ? ANEW : this.#fail(operation, error);
  }

  async #fail(operation: Operation, { code, message, hint }: PushError): Promise<KeyState> {
    const failure = { code, detail: message, hint };
    if (await this.parts.store.fail(operation, failure)) {
      const { _id: operationId, bucket, key } = operation;
      this.parts.logger.warn(
        { operationId, bucket, key, code, detail: message },
        'an operation failed, and holds its key',
      );
      this.parts.speaker.failed(operation, failure);
    }
    return IDLE;
  }
}

const later = (afterMs: number, retries: number): KeyState => ({ kind: 'later', afterMs, retries });

/** Each request looks at its signal first, and so at the lease. */
function leased({ context, mayPush }: MirrorAccess, lease: LeasedKey, signal: AbortSignal): PushContext {
  return {
    ...context,
    mayPush,
    get signal() {
      lease.abortIfOver();
      return signal;
    },
  };
}
