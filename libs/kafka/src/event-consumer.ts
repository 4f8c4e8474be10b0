import type { Topic } from '@mirror/events';
import { FatalError, type Logger, PermanentError, TransientError } from '@mirror/runtime';
import type { Batch, EachBatchPayload } from 'kafkajs';
import { type Apply, applyUntilDone, type OnFailure } from './apply-batch.js';
import { BatchLease } from './batch-lease.js';
import { type Assignment, ConsumerLoop } from './consumer-loop.js';
import { deadLetters } from './dead-letter.js';
import type { KafkaConnection } from './kafka-connection.js';
import { fetchLag, type PartitionLag } from './lag.js';
import { LagWatchdog } from './lag-watchdog.js';
import { MessageSender } from './message-sender.js';
import { type Rejected, readBatch } from './read-batch.js';
import { retryUntilDone } from './retry.js';

export interface ConsumerOptions {
  readonly connection: KafkaConnection;
  /** Names the group, and the dead letter topics. */
  readonly service: string;
  readonly topics: readonly Topic[];
  /** Where a group without a committed offset begins; default true. */
  readonly fromBeginning?: boolean;
  /**
   * Applies a batch and answers what is to be dead-lettered. A TransientError, or any error but the two below, is waited for
   * with backoff, and the same batch is given again. PermanentError: the events are given one by one, and those that throw it
   * again are dead-lettered. FatalError ends the consumer without a commit, and goes to `onFatal`. Offsets are committed only
   * after it resolved and the dead letters are written, so that a batch may come again: applying must be idempotent.
   */
  readonly apply: Apply;
  /** Of messages as they lie on the broker's disk; default 1 MiB. A single larger record batch comes nevertheless. */
  readonly maxBytesPerPartition?: number;
  /** How long an idle broker keeps a request; messages are answered at once. Default 250. */
  readonly maxWaitTimeMs?: number;
  /** Partitions applied at the same time; default 1. */
  readonly partitionsAtOnce?: number;
  /** How often the watchdog looks for lag without progress; default 30 s. */
  readonly watchIntervalMs?: number;
  /** Default: the error is thrown where nobody catches it, which ends the process. */
  readonly onFatal?: (error: FatalError) => void;
}

const MAX_WAIT_TIME_MS = 250;

/** Consumes topics in the group of a service, batch by batch: apply, then dead letters, then the commit. */
export class EventConsumer {
  readonly #loop: ConsumerLoop;
  readonly #deadLetters: MessageSender;
  readonly #watchdog: LagWatchdog;
  readonly #topics: ReadonlyMap<string, Topic>;
  readonly #logger: Logger;
  #assignment: Assignment = {};
  #batchesInWork = 0;

  constructor(private readonly options: ConsumerOptions) {
    const { connection, topics, service } = options;
    this.#logger = connection.logger.child({ group: connection.groupName(service) });
    this.#topics = new Map(topics.map((topic) => [connection.topicName(topic), topic]));
    this.#deadLetters = new MessageSender(connection);
    this.#loop = this.#newLoop();
    this.#watchdog = new LagWatchdog({
      ...(options.watchIntervalMs === undefined ? {} : { intervalMs: options.watchIntervalMs }),
      lag: async () => (await this.lag()).filter((one) => this.#assignment[one.topicName]?.includes(one.partition)),
      isBusy: () => this.#batchesInWork > 0,
      onStalled: (stalled) => {
        this.#logger.error({ stalled }, 'there is lag and no progress');
        this.#loop.rebuild('there is lag and no progress');
      },
    });
  }

  /** Ensures topics and dead letter topics, and resolves when it has joined its group; waits while Kafka is away. */
  async start(): Promise<void> {
    const { connection, topics, service } = this.options;
    await connection.ensureTopics(topics, service);
    await this.#loop.start();
    if (!this.#loop.signal.aborted) this.#watchdog.start();
  }

  /** A batch in work is finished, or given up without a commit where that takes longer than some seconds. */
  async stop(): Promise<void> {
    this.#watchdog.stop();
    await this.#loop.stop();
    await this.#deadLetters.stop();
  }

  /** Of the whole group, by committed offsets. TransientError while Kafka is away. */
  lag(): Promise<PartitionLag[]> {
    const { connection, service } = this.options;
    return fetchLag(connection, connection.groupName(service), [...this.#topics.keys()]);
  }

  #newLoop(): ConsumerLoop {
    const { connection, service, fromBeginning, partitionsAtOnce } = this.options;
    const { maxBytesPerPartition, maxWaitTimeMs = MAX_WAIT_TIME_MS } = this.options;
    return new ConsumerLoop({
      connection,
      topicNames: [...this.#topics.keys()],
      fromBeginning: fromBeginning ?? true,
      groupId: () => connection.groupName(service),
      consumer: {
        maxWaitTimeInMs: maxWaitTimeMs,
        ...(maxBytesPerPartition === undefined ? {} : { maxBytesPerPartition }),
      },
      run: {
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: partitionsAtOnce ?? 1,
        eachBatch: (payload) => this.#handle(payload),
      },
      onJoin: (_groupId, assignment) => {
        this.#assignment = assignment;
      },
    });
  }

  /** Never throws: kafkajs would give the batch again at once and for ever, or crash. */
  async #handle(payload: EachBatchPayload): Promise<void> {
    using lease = new BatchLease(payload, this.#loop.signal);
    this.#batchesInWork++;
    try {
      await this.#process(payload, lease);
    } catch (error) {
      if (lease.signal.aborted) this.#logger.debug({ err: error }, 'a batch was given up');
      else if (error instanceof FatalError) this.#end(error);
      else this.#loop.rebuild(`a batch could not be processed: ${error}`);
    } finally {
      this.#batchesInWork--;
    }
  }

  async #process({ batch, resolveOffset }: EachBatchPayload, lease: BatchLease): Promise<void> {
    const topic = this.#topics.get(batch.topic);
    const last = batch.messages.at(-1);
    if (topic === undefined || last === undefined) return;
    const read = readBatch(topic, batch);
    if (read.unknownTypes.length > 0) {
      this.#logger.debug({ types: read.unknownTypes }, 'events of unknown types are skipped');
    }
    const where = { topicName: batch.topic, partition: batch.partition, firstOffset: read.batch.firstOffset };
    const onFailure = (err: unknown, waitMs: number) =>
      this.#logger.error({ err, ...where, waitMs }, 'a batch could not be applied, trying again');
    const rejected = await applyUntilDone(this.options.apply, read.batch, lease, onFailure);
    if (lease.toldToLeave) return;
    await this.#setAside(topic, batch, [...read.malformed, ...rejected], lease.signal, onFailure);
    // Effect, then dead letters, then position: what is not applied comes again.
    resolveOffset(last.offset);
  }

  async #setAside(
    topic: Topic,
    batch: Batch,
    rejected: readonly Rejected[],
    signal: AbortSignal,
    onFailure: OnFailure,
  ): Promise<void> {
    if (rejected.length === 0) return;
    const name = this.options.connection.deadLetterTopicName(topic, this.options.service);
    const messages = deadLetters(batch, rejected, new Date());
    await retryUntilDone(() => this.#deadLetters.send(name, messages).catch(stayTransient), signal, onFailure);
    for (const one of rejected) {
      this.#logger.warn({ ...one, topicName: batch.topic, partition: batch.partition }, 'a message was dead-lettered');
    }
  }

  #end(error: FatalError): void {
    void this.#loop.stop();
    const onFatal = this.options.onFatal ?? throwWhereNobodyCatches;
    onFatal(error);
  }
}

/** A dead letter that the broker refuses is not dropped: its partition waits until the operator has followed the hint. */
function stayTransient(error: unknown): never {
  if (!(error instanceof PermanentError)) throw error;
  throw new TransientError(error.message, { code: error.code, hint: error.hint, cause: error });
}

function throwWhereNobodyCatches(error: FatalError): void {
  queueMicrotask(() => {
    throw error;
  });
}
