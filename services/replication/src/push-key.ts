import { type Backoff, backoffMs, type Logger } from '@mirror/runtime';
import type { LocationPushes } from './location/location-pushes.js';
import { nextOf } from './plan-push.js';
import type { PushContext } from './push/push-object.js';
import type { OperationPush } from './push/push-operation.js';
import type { PushError, PushResult } from './push/push-result.js';
import type { PushMetrics } from './push-metrics.js';
import type { OutcomeSpeaker } from './say-outcomes.js';
import type { Operation } from './state/push-attempt.js';
import type { LeasedKey, PushKeyStore } from './state/push-key-store.js';
import type { PushStore } from './state/push-store.js';

/** Where a key stands after it was worked at. */
export type KeyState =
  /** Nothing is left to be pushed, or the rest waits for an operator. */
  | { readonly kind: 'idle' }
  /** To be looked at again after so long. */
  | { readonly kind: 'later'; readonly afterMs: number; readonly retries: number };

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
  readonly context: Omit<PushContext, 'signal'>;
  /** Aborts what runs, when the service has no more time to let it end. */
  readonly signal: AbortSignal;
  /** Whether another operation may begin: neither paused nor detached, the circuit closed, the service not stopping. */
  mayPush(): boolean;
}

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
    for (;;) {
      const operations = await this.parts.store.operationsOf(mirror.mirrorId, key);
      for (const { outcome, ...operation } of operations) if (outcome) this.parts.speaker.completed(operation, outcome);
      const next = nextOf(operations);
      if (!next || next.failed || !mirror.mayPush() || lease.signal.aborted) return { kind: 'idle' };
      const signal = AbortSignal.any([lease.signal, mirror.signal]);
      const startedAt = performance.now();
      const result = await this.parts.push.step(next, operations, lease, { ...mirror.context, signal });
      const state = await this.#conclude(mirror, next, lease, result, attempts);
      this.parts.metrics.stepped(next, result, (performance.now() - startedAt) / 1000);
      if (state) return state;
      attempts = result.kind === 'outcome' ? 0 : attempts + 1;
    }
  }

  /** Undefined: the key goes on at once. */
  async #conclude(
    mirror: MirrorAccess,
    operation: Operation,
    lease: LeasedKey,
    result: PushResult,
    attempts: number,
  ): Promise<KeyState | undefined> {
    switch (result.kind) {
      case 'outcome':
        // The version id is stored before anything else is said (rule R10).
        if (!(await this.parts.store.storeOutcome(operation, result.outcome))) return undefined;
        await lease.done(operation.sequence, result.outcome);
        this.parts.speaker.completed(operation, result.outcome);
        return undefined;
      case 'overtaken':
        return attempts > retriesAtOnce ? later(RETRY.baseMs, attempts) : undefined;
      case 'failed':
        return this.#fail(operation, result.error);
      case 'denied':
        return this.#denied(mirror, operation, result.error, attempts);
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

  /** The connector said no. Where it says so to everybody the circuit opens; where it does not, it is the operation. */
  async #denied(
    mirror: MirrorAccess,
    operation: Operation,
    error: PushError,
    attempts: number,
  ): Promise<KeyState | undefined> {
    const probed = await mirror.location.probe();
    if (probed === 'changed') return undefined;
    return probed === 'open' ? later(RETRY.baseMs, attempts) : this.#fail(operation, error);
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
    return { kind: 'idle' };
  }
}

const later = (afterMs: number, retries: number): KeyState => ({ kind: 'later', afterMs, retries });
