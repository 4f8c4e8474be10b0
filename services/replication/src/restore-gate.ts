import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaConnection, RestoreWitnesses } from '@mirror/kafka';
import { type Namespace, readPositions } from '@mirror/namespace';
import type { Logger } from '@mirror/runtime';
import type { PendingRebuild } from './rebuild-pending.js';

const INTERVAL_MS = 400;
/** A database that was away for longer was looked at since. */
const FRESH_MS = 1_500;

/**
 * Notices that MongoDB went back in time: a stored position is behind what its group has committed to Kafka. *Open*: a look
 * at the database, no older than a moment, found it in step. *Closed*: it was not seen lately, or is behind; nothing is
 * pushed, and no staged byte dropped, until what it has lost is made again ({@link PendingRebuild}), which opens the gate.
 */
export class RestoreGate {
  readonly #stopping = new AbortController();
  readonly #witnesses: RestoreWitnesses;
  #running: Promise<void> = Promise.resolve();
  #seenAt = Number.NEGATIVE_INFINITY;
  /** Once for each time that the database or Kafka is away. */
  #isTold = false;

  constructor(
    kafka: KafkaConnection,
    namespace: Namespace,
    private readonly rebuild: PendingRebuild,
    private readonly onOpen: () => void,
    private readonly logger: Logger,
  ) {
    this.#witnesses = new RestoreWitnesses(kafka, (topicName) => readPositions(namespace.positions, topicName));
  }

  get isOpen(): boolean {
    return performance.now() - this.#seenAt < FRESH_MS;
  }

  /** After the first look, rebuilding included where that is needed. */
  async start(): Promise<void> {
    await this.#look();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.#look();
    }
  }

  async #look(): Promise<void> {
    const wasOpen = this.isOpen;
    try {
      const { askedAt, isBehind } = await this.#witnesses.look();
      if (isBehind) {
        this.logger.warn('the database is behind the committed offsets: it was restored; uploads are made again');
        await this.rebuild.run(this.#stopping.signal);
        return; // the next look opens
      }
      this.#seenAt = askedAt;
      this.#isTold = false;
      if (!wasOpen) this.onOpen();
    } catch (error) {
      const level = this.#isTold ? 'debug' : 'warn';
      this.#isTold = true;
      this.logger[level]({ err: error }, 'whether the database was restored is not known; nothing is pushed meanwhile');
    }
  }
}
