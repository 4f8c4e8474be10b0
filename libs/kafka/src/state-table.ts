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
  readonly #caughtUp = Promise.withResolvers<void>();
  /** Partition -> end offset seen at start that is still to be reached. */
  #missing: Map<number, string> | undefined;
  #reached = new Map<number, string>();
  #groupId = '';

  constructor(private readonly options: StateTableOptions<S>) {
    const { connection, topic } = options;
    this.#topicName = connection.topicName(topic);
    this.#logger = connection.logger.child({ topicName: this.#topicName });
    // Stopped before it caught up: whoever awaits start() hears it, and nobody else has to.
    this.#caughtUp.promise.catch(() => undefined);
    this.#loop = new ConsumerLoop({
      connection,
      topicNames: [this.#topicName],
      fromBeginning: true,
      groupId: () => connection.groupName(`state.${randomBytes(8).toString('hex')}`),
      consumer: { sessionTimeout: 30_000, heartbeatInterval: 3_000, maxWaitTimeInMs: MAX_WAIT_TIME_MS },
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
    const ends = await retryUntilDone(
      () => connection.withAdmin((admin) => admin.fetchTopicOffsets(this.#topicName)),
      this.#loop.signal,
      (err, waitMs) => this.#logger.warn({ err, waitMs }, 'the end of the topic could not be read, trying again'),
    );
    this.#missing = new Map(ends.filter(({ low, high }) => low !== high).map((end) => [end.partition, end.high]));
    void this.#loop.start();
    this.#checkCaughtUp();
    await this.#caughtUp.promise;
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
    this.#caughtUp.reject(this.#loop.signal.reason);
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
    this.#checkCaughtUp();
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

  #checkCaughtUp(): void {
    if (this.#missing === undefined) return;
    for (const [partition, end] of this.#missing) {
      if (BigInt(this.#reached.get(partition) ?? '0') >= BigInt(end)) this.#missing.delete(partition);
    }
    if (this.#missing.size === 0) this.#caughtUp.resolve();
  }
}
