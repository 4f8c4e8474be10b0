import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaConnection, RestoreWitnesses } from '@mirror/kafka';
import { type Namespace, readPositions } from '@mirror/namespace';
import { type Logger, Rounds } from '@mirror/runtime';
import { S3Error, serviceUnavailable } from '../protocol/errors.js';

const LOOK_EVERY_MS = 400;
/** A database that was away for longer is looked at before anything more is accepted. */
const FRESH_MS = 1_500;
/** How long a client waits for a look. */
const MOST_WAIT_MS = 3_000;
const RETRY_AFTER_SECONDS = 2;

/**
 * A database that went back in time has lost operations of its keys, and their sequences: one that is accepted before they
 * are made again would come before them (I6). *Open*: a look no older than a moment found every stored position where its
 * group has committed, or beyond. *Behind*: one is not; the replication service makes up for it, which moves the position.
 * *Blind*: the last look is old, for the database is away or slow.
 */
export class AcceptanceGate {
  readonly #looks: Rounds;
  readonly #witnesses: RestoreWitnesses;
  #isPrepared = false;
  #seenAt = Number.NEGATIVE_INFINITY;
  #isBehind = false;

  constructor(
    private readonly kafka: KafkaConnection,
    namespace: Namespace,
    private readonly logger: Logger,
  ) {
    this.#witnesses = new RestoreWitnesses(kafka, (topicName) => readPositions(namespace.positions, topicName));
    this.#looks = new Rounds({
      round: () => this.#look(),
      intervalMs: () => LOOK_EVERY_MS,
      onError: (error) => logger.debug({ err: error }, 'whether the database was restored is not known'),
    });
  }

  start(): void {
    this.#looks.start();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  /** Before each attempt to accept something. Throws SlowDown while behind, ServiceUnavailable when blind for long. */
  async pass(): Promise<void> {
    const until = performance.now() + MOST_WAIT_MS;
    while (performance.now() - this.#seenAt >= FRESH_MS) {
      if (this.#isBehind) throw slowDown();
      if (performance.now() >= until) throw serviceUnavailable('The namespace can not be read at the moment.');
      await sleep(LOOK_EVERY_MS / 8);
    }
  }

  async #look(): Promise<void> {
    if (!this.#isPrepared) await this.kafka.ensureTopics(this.#witnesses.topics);
    this.#isPrepared = true;
    const { askedAt, isBehind } = await this.#witnesses.look();
    if (isBehind) return this.#close();
    this.#seenAt = askedAt;
    this.#isBehind = false;
  }

  #close(): void {
    if (!this.#isBehind) this.logger.warn('the database was restored: nothing is accepted until it is mended');
    this.#isBehind = true;
    this.#seenAt = Number.NEGATIVE_INFINITY;
  }
}

const slowDown = (): S3Error =>
  new S3Error('SlowDown', {
    message: 'What was uploaded before is being restored. Please try again in a moment.',
    headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
  });
