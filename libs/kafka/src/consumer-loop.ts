import { backoffMs, TransientError } from '@mirror/runtime';
import type { Consumer, ConsumerConfig, ConsumerRunConfig } from 'kafkajs';
import type { KafkaConnection } from './kafka-connection.js';
import { atMost, pause, RETRY_BACKOFF } from './retry.js';
import { translateKafkaError } from './translate-kafka-error.js';

/**
 * kafkajs tries for five minutes by itself: a broker that restarts meanwhile finds the same member again, while it would make a
 * new one wait until the session of the old one has run out. What lasts longer is a crash, and the loop builds a new consumer.
 */
const CONSUMER_RETRY = { retries: 300, initialRetryTime: 100, maxRetryTime: 1_000, factor: 0.2, multiplier: 2 };
/** A consumer that is just connecting is let join before it is told to leave, for kafkajs does not hear it before. */
const CONNECT_TIMEOUT_MS = 1_500;
/** A consumer stops within the time of one fetch and one leave; one that takes longer is cut off. */
const DISCONNECT_TIMEOUT_MS = 3_000;

/** A consumer that lived so long is none that crashes at once, over and over: the next one need not wait long. */
const STEADY_MS = 60_000;

/** Topic name -> the partitions that this consumer has. */
export type Assignment = Readonly<Record<string, readonly number[]>>;

export interface ConsumerLoopOptions {
  readonly connection: KafkaConnection;
  readonly topicNames: readonly string[];
  readonly fromBeginning: boolean;
  /** Asked for each new consumer. */
  groupId(): string;
  readonly consumer: Omit<ConsumerConfig, 'groupId' | 'sessionTimeout' | 'heartbeatInterval'>;
  readonly run: ConsumerRunConfig;
  onJoin?(groupId: string, assignment: Assignment): void;
}

/**
 * Keeps one kafkajs consumer running. It is *building* (connecting, joining), *running*, or *waiting* before the next one is
 * built: after any crash, whether kafkajs would restart by itself or not, and when the watchdog asks. So there is one way
 * back, whatever went wrong.
 */
export class ConsumerLoop {
  readonly #stopping = new AbortController();
  readonly #joined = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  /** Ends the current consumer. */
  #end: (reason: unknown) => void = () => {};

  constructor(private readonly options: ConsumerLoopOptions) {}

  /** Aborted when the loop stops: for waits inside the handler. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Resolves when the first consumer has joined its group; waits while Kafka is away. Also resolves when stopped before. */
  start(): Promise<void> {
    this.#running ??= this.#keepRunning();
    return this.#joined.promise;
  }

  /** Throws the current consumer away and builds a new one. */
  rebuild(reason: string): void {
    this.#end(new TransientError(reason, { code: 'KAFKA.REBUILT' }));
  }

  /** The handler is told by `signal`; its work in flight is awaited for some seconds. */
  async stop(): Promise<void> {
    this.#stopping.abort(new TransientError('The consumer was stopped', { code: 'KAFKA.STOPPED' }));
    this.#end(this.#stopping.signal.reason);
    await this.#running;
    this.#joined.resolve();
  }

  async #keepRunning(): Promise<void> {
    const { logger } = this.options.connection;
    let attempt = 0;
    while (!this.signal.aborted) {
      const began = performance.now();
      const reason = translateKafkaError(await this.#runOne());
      if (this.signal.aborted) return;
      if (performance.now() - began > STEADY_MS) attempt = 0;
      const waitMs = backoffMs(attempt++, RETRY_BACKOFF, Math.random());
      logger.warn({ err: reason, topics: this.options.topicNames, waitMs }, 'the consumer ended, building a new one');
      await pause(waitMs, this.signal).catch(() => undefined);
    }
  }

  /** One consumer's life; answers why it ended. */
  async #runOne(): Promise<unknown> {
    const ended = Promise.withResolvers<unknown>();
    const cutOff = new AbortController();
    this.#end = ended.resolve;
    const { connection } = this.options;
    const groupId = this.options.groupId();
    const retry = { ...CONSUMER_RETRY, restartOnFailure: async () => false };
    const config = { ...this.options.consumer, ...connection.session, groupId, retry };
    const consumer = connection.newKafka(CONSUMER_RETRY, cutOff.signal).consumer(config);
    this.#listen(consumer, groupId, ended.resolve);
    const connecting = this.#connect(consumer).catch(ended.resolve);
    const reason = await ended.promise;
    await atMost(CONNECT_TIMEOUT_MS, connecting);
    await atMost(DISCONNECT_TIMEOUT_MS, consumer.disconnect());
    cutOff.abort();
    return reason;
  }

  #listen(consumer: Consumer, groupId: string, end: (reason: unknown) => void): void {
    consumer.on(consumer.events.CRASH, ({ payload }) => end(payload.error));
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.options.onJoin?.(groupId, payload.memberAssignment);
      this.#joined.resolve();
    });
  }

  async #connect(consumer: Consumer): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.options.topicNames], fromBeginning: this.options.fromBeginning });
    await consumer.run(this.options.run);
  }
}
