import { TransientError } from '@mirror/runtime';
import type { EachBatchPayload } from 'kafkajs';
import { protocolErrorType } from './translate-kafka-error.js';

/** kafkajs sends one only when the last is old enough. */
const HEARTBEAT_INTERVAL_MS = 500;
/** Broker's answers to a heartbeat after which this consumer's commits may not count any more. */
const LOST = new Set(['REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);

export interface BatchContext {
  /** A timer does it while `apply` runs; only work that blocks the event loop for seconds needs to call it. */
  heartbeat(): Promise<void>;
  /** False when stopping, or when the partition goes to another consumer: stop early then, nothing is committed. */
  isRunning(): boolean;
}

/**
 * This consumer's right to one batch while it works on it. Heartbeats go out from a timer, so that neither a long write nor a
 * wait for a database gets the consumer thrown out of its group. Only a broker's word ends the lease: a heartbeat that did
 * not get through does not.
 */
export class BatchLease implements BatchContext, Disposable {
  /** Aborted when the batch is to be given up: waits end at once. */
  readonly signal: AbortSignal;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #toldToLeave = false;

  constructor(
    private readonly payload: EachBatchPayload,
    stopping: AbortSignal,
  ) {
    this.signal = AbortSignal.any([stopping, this.#lost.signal]);
    this.#timer = setInterval(() => void this.heartbeat(), HEARTBEAT_INTERVAL_MS);
  }

  /** The work was told to leave, so that it may be half done: the batch must not be committed. */
  get toldToLeave(): boolean {
    return this.#toldToLeave;
  }

  // Both work without their object, too: `apply` may take them apart.
  readonly isRunning = (): boolean => {
    const running = !this.signal.aborted && this.payload.isRunning() && !this.payload.isStale();
    if (!running) this.#toldToLeave = true;
    return running;
  };

  /** Never rejects. */
  readonly heartbeat = async (): Promise<void> => {
    try {
      await this.payload.heartbeat();
    } catch (error) {
      if (!LOST.has(protocolErrorType(error))) return;
      this.#lost.abort(
        new TransientError('The partition goes to another consumer', { code: 'KAFKA.LOST', cause: error }),
      );
    }
  };

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
