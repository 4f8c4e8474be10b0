import type { Topic } from '@mirror/events';
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { BatchLease } from './batch-lease.js';
import { type Assignment, ConsumerLoop } from './consumer-loop.js';
import type { KafkaConnection } from './kafka-connection.js';
import { fetchLag } from './lag.js';
import { LagWatchdog } from './lag-watchdog.js';
import { retryUntilDone } from './retry.js';

/** A message that was set aside, as it came, and why. */
export interface DeadLetter {
  /** Where it was set aside from. Stable: a batch that comes again sets the same message aside again. */
  readonly topicName: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Its own, without those that tell why. */
  readonly headers: Readonly<Record<string, string>>;
  readonly reason: string;
  readonly code: string;
  /** ISO 8601. */
  readonly at: string;
}

export interface DeadLetterConsumerOptions {
  readonly connection: KafkaConnection;
  /** Whose dead letters: those that this service set aside of this topic. */
  readonly topic: Topic;
  readonly service: string;
  /** Names the group. */
  readonly group: string;
  /**
   * Keeps letters of one partition, in order. Whatever it throws is waited for with backoff, and the same letters are given
   * again; they are committed only after it resolved, so that they may come again: keeping must be idempotent.
   */
  keep(letters: readonly DeadLetter[]): Promise<void>;
}

const MAX_WAIT_TIME_MS = 250;

/** Consumes the dead letters of a service. There are no dead letters of dead letters: what can't be read is kept as it is. */
export class DeadLetterConsumer {
  readonly #loop: ConsumerLoop;
  readonly #watchdog: LagWatchdog;
  readonly #topicName: string;
  readonly #groupId: string;
  #assignment: Assignment = {};
  #isBusy = false;

  constructor(private readonly options: DeadLetterConsumerOptions) {
    const { connection, topic, service, group } = options;
    this.#topicName = connection.deadLetterTopicName(topic, service);
    this.#groupId = connection.groupName(group);
    this.#loop = new ConsumerLoop({
      connection,
      topicNames: [this.#topicName],
      fromBeginning: true,
      groupId: () => this.#groupId,
      consumer: { maxWaitTimeInMs: MAX_WAIT_TIME_MS },
      run: { eachBatchAutoResolve: false, eachBatch: (payload) => this.#handle(payload) },
      onJoin: (_groupId, assignment) => {
        this.#assignment = assignment;
      },
    });
    this.#watchdog = new LagWatchdog({
      lag: async () => (await this.#lag()).filter((one) => this.#assignment[one.topicName]?.includes(one.partition)),
      isBusy: () => this.#isBusy,
      onStalled: () => this.#loop.rebuild('there is lag and no progress'),
    });
  }

  /** Ensures the topic, and resolves when it has joined its group; waits while Kafka is away. */
  async start(): Promise<void> {
    const { connection, topic, service } = this.options;
    await connection.ensureTopics([topic], service);
    await this.#loop.start();
    if (!this.#loop.signal.aborted) this.#watchdog.start();
  }

  async stop(): Promise<void> {
    this.#watchdog.stop();
    await this.#loop.stop();
  }

  #lag() {
    return fetchLag(this.options.connection, this.#groupId, [this.#topicName]);
  }

  /** Never throws: kafkajs would give the batch again at once and for ever, or crash. */
  async #handle(payload: EachBatchPayload): Promise<void> {
    const { logger } = this.options.connection;
    using lease = new BatchLease(payload, this.#loop.signal);
    const { batch, resolveOffset } = payload;
    const letters = batch.messages.map((message) => readDeadLetter(batch.topic, batch.partition, message));
    const onFailure = (err: unknown, waitMs: number) =>
      logger.error({ err, topicName: batch.topic, waitMs }, 'dead letters could not be kept, trying again');
    this.#isBusy = true;
    try {
      await retryUntilDone(() => this.options.keep(letters), lease.signal, onFailure);
      resolveOffset(batch.lastOffset()); // kept, then committed
    } catch (error) {
      if (!lease.signal.aborted) this.#loop.rebuild(`dead letters could not be kept: ${error}`);
    } finally {
      this.#isBusy = false;
    }
  }
}

/** A foreign message without our headers is its own origin. */
export function readDeadLetter(topic: string, partition: number, message: KafkaMessage): DeadLetter {
  const texts = Object.entries(message.headers ?? {}).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(Array.isArray(value) ? value[0] : value)]],
  );
  const ours = new Map(texts.filter(([name]) => name.startsWith('dlq_')));
  return {
    topicName: ours.get('dlq_topic') ?? topic,
    partition: Number(ours.get('dlq_partition') ?? partition),
    offset: ours.get('dlq_offset') ?? message.offset,
    key: message.key,
    value: message.value,
    headers: Object.fromEntries(texts.filter(([name]) => !name.startsWith('dlq_'))),
    reason: ours.get('dlq_reason') ?? 'no reason is given',
    code: ours.get('dlq_code') ?? 'EVENT.MALFORMED',
    at: ours.get('dlq_at') ?? new Date(Number(message.timestamp)).toISOString(),
  };
}
