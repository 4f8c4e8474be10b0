import { randomBytes } from 'node:crypto';
import { compareTimes, type EventType, type LogicalTime, type Topic } from '@mirror/events';
import type { Logger } from '@mirror/runtime';
import type { Batch } from 'kafkajs';
import { ConsumerLoop } from './consumer-loop.js';
import type { KafkaConnection } from './kafka-connection.js';
import { offsetAfter } from './position.js';
import { readMessage } from './read-batch.js';
import { atMost, retryUntilDone } from './retry.js';

export interface StateTableOptions<S> {
  readonly connection: KafkaConnection;
  /** Compacted, and every event of it carries a whole state. */
  readonly topic: Topic;
  key(state: S): string;
}

export interface StateEntry<S> {
  /** What was said last of this key; a deleted or detached state stays, and says so here. */
  readonly type: EventType;
  readonly state: S;
}

/** Somebody who waits until these offsets are reached. */
interface Waiter {
  readonly ends: ReadonlyMap<number, string>;
  resolve(): void;
  reject(reason: unknown): void;
}

const DELETE_GROUP_TIMEOUT_MS = 2_000;
const MAX_WAIT_TIME_MS = 250;

/**
 * In-memory view of a compacted state topic. It reads from the beginning under a group name of its own, which commits nothing
 * and is deleted at the end; a consumer that is built anew reads everything again, which rule R2 makes harmless.
 */
export class StateTable<S extends { readonly revision: LogicalTime }> {
  readonly #entries = new Map<string, StateEntry<S>>();
  readonly #listeners = new Set<(change: StateEntry<S>) => void>();
  readonly #loop: ConsumerLoop;
  readonly #topicName: string;
  readonly #logger: Logger;
  readonly #waiters = new Set<Waiter>();
  #reached = new Map<number, string>();
  #groupId = '';

  constructor(private readonly options: StateTableOptions<S>) {
    const { connection, topic } = options;
    this.#topicName = connection.topicName(topic);
    this.#logger = connection.logger.child({ topicName: this.#topicName });
    this.#loop = new ConsumerLoop({
      connection,
      topicNames: [this.#topicName],
      fromBeginning: true,
      groupId: () => connection.groupName(`state.${randomBytes(8).toString('hex')}`),
      consumer: { maxWaitTimeInMs: MAX_WAIT_TIME_MS },
      run: { autoCommit: false, eachBatch: async ({ batch }) => this.#take(batch) },
      onJoin: (groupId) => {
        this.#groupId = groupId;
      },
    });
  }

  /**
   * Ensures the topic, and resolves when everything is read that the topic held when it began; waits while Kafka is away.
   * Rejects with a TransientError 'KAFKA.STOPPED' when it is stopped before.
   */
  async start(): Promise<void> {
    const { connection, topic } = this.options;
    await connection.ensureTopics([topic]);
    const ends = await this.#readEnds();
    void this.#loop.start();
    await this.#wait(ends);
  }

  /** Resolves when everything is read that the topic holds now: what the table does not show then was not said. */
  async catchUp(): Promise<void> {
    await this.#wait(await this.#readEnds());
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
    for (const { reject } of this.#waiters) reject(this.#loop.signal.reason);
    this.#waiters.clear();
    if (this.#groupId === '') return;
    // Kafka drops an empty group without offsets by itself, only later.
    const deletion = this.options.connection.withAdmin((admin) => admin.deleteGroups([this.#groupId]));
    await atMost(DELETE_GROUP_TIMEOUT_MS, deletion);
  }

  /** The state of the highest revision. */
  get(key: string): StateEntry<S> | undefined {
    return this.#entries.get(key);
  }

  entries(): Iterable<StateEntry<S>> {
    return this.#entries.values();
  }

  /** Called after the table changed, also while it is being read for the first time. Answers how to unsubscribe. */
  onChange(listener: (change: StateEntry<S>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #take(batch: Batch): void {
    for (const message of batch.messages) {
      const parsed = readMessage(message);
      // The schema of each event type of this topic is the state's, so that the value is one of S.
      if (parsed.kind === 'event') this.#put({ type: parsed.event.type, state: parsed.event.data as unknown as S });
      else this.#logger.warn({ offset: message.offset, ...parsed }, 'a message of a state topic is skipped');
    }
    this.#reached.set(batch.partition, offsetAfter(batch.lastOffset()));
    this.#wakeWaiters();
  }

  /** R2: a lower revision is ignored, so that neither a replay nor a late message brings an older state back. */
  #put(entry: StateEntry<S>): void {
    const key = this.options.key(entry.state);
    const known = this.#entries.get(key);
    if (known !== undefined && compareTimes(entry.state.revision, known.state.revision) <= 0) return;
    this.#entries.set(key, entry);
    for (const listener of this.#listeners) this.#tell(listener, entry);
  }

  #tell(listener: (change: StateEntry<S>) => void, entry: StateEntry<S>): void {
    try {
      listener(entry);
    } catch (error) {
      this.#logger.error({ err: error }, 'a listener of a state table failed');
    }
  }

  /** Partition -> end offset, of the partitions that hold something. */
  async #readEnds(): Promise<ReadonlyMap<number, string>> {
    const ends = await retryUntilDone(
      () => this.options.connection.withAdmin((admin) => admin.fetchTopicOffsets(this.#topicName)),
      this.#loop.signal,
      (err, waitMs) => this.#logger.warn({ err, waitMs }, 'the end of the topic could not be read, trying again'),
    );
    return new Map(ends.filter(({ low, high }) => low !== high).map(({ partition, high }) => [partition, high]));
  }

  #wait(ends: ReadonlyMap<number, string>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiters.add({ ends, resolve, reject });
    this.#wakeWaiters();
    return promise;
  }

  #wakeWaiters(): void {
    for (const waiter of this.#waiters) {
      if (![...waiter.ends].every(([partition, end]) => BigInt(this.#reached.get(partition) ?? '0') >= BigInt(end)))
        continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}
