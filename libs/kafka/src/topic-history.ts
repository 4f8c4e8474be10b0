import { randomBytes } from 'node:crypto';
import type { CloudEvent, Topic } from '@mirror/events';
import type { Batch } from 'kafkajs';
import { ConsumerLoop } from './consumer-loop.js';
import type { KafkaConnection } from './kafka-connection.js';
import { fetchLag } from './lag.js';
import { offsetAfter } from './position.js';
import { readMessage } from './read-batch.js';
import { atMost } from './retry.js';

/** Partition → next offset; one that is missing is at its beginning. */
export type Offsets = ReadonlyMap<string, bigint>;

const DELETE_GROUP_TIMEOUT_MS = 2_000;

/**
 * What the group of a service has committed of a topic; a partition without a commit is missing. What retention has taken is
 * taken for committed.
 */
export async function committedOffsets(connection: KafkaConnection, topic: Topic, service: string): Promise<Offsets> {
  const lags = await fetchLag(connection, connection.groupName(service), [connection.topicName(topic)]);
  const committed = lags.filter(({ committed: offset }) => offset !== '0');
  return new Map(committed.map(({ partition, committed: offset }) => [String(partition), BigInt(offset)]));
}

/**
 * Gives every event of a topic from these offsets on to what was its end when this was called, in the order of each partition,
 * one after the other. It commits nothing. What is no event is left out. Answers the end. @param signal Gives it up.
 */
export async function readHistory(
  connection: KafkaConnection,
  topic: Topic,
  from: Offsets,
  take: (event: CloudEvent) => Promise<void>,
  signal: AbortSignal,
): Promise<Offsets> {
  const ends = await endsOf(connection, topic);
  const missing = new Map([...ends].filter(([partition, end]) => end.high > later(from.get(partition), end.low)));
  if (missing.size > 0) await readUntil(connection, topic, from, missing, take, signal);
  return new Map([...ends].map(([partition, { high }]) => [partition, high]));
}

interface End {
  readonly low: bigint;
  readonly high: bigint;
}

const later = (offset = 0n, low: bigint): bigint => (offset > low ? offset : low);

function endsOf(connection: KafkaConnection, topic: Topic): Promise<Map<string, End>> {
  return connection.withAdmin(async (admin) => {
    const ends = await admin.fetchTopicOffsets(connection.topicName(topic));
    return new Map(
      ends.map(({ partition, low, high }) => [String(partition), { low: BigInt(low), high: BigInt(high) }]),
    );
  });
}

async function readUntil(
  connection: KafkaConnection,
  topic: Topic,
  from: Offsets,
  missing: Map<string, End>,
  take: (event: CloudEvent) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const reached = new Map(from);
  const finished = Promise.withResolvers<void>();
  const groupId = connection.groupName(`history.${randomBytes(8).toString('hex')}`);
  const eachBatch = async (batch: Batch): Promise<void> => {
    const partition = String(batch.partition);
    const end = missing.get(partition);
    if (end === undefined) return;
    for (const message of batch.messages) {
      const offset = BigInt(message.offset);
      // A consumer that was built anew begins from the first again.
      if (offset < (reached.get(partition) ?? 0n) || offset >= end.high) continue;
      const parsed = readMessage(message);
      if (parsed.kind === 'event') await take(parsed.event);
      reached.set(partition, offset + 1n);
    }
    if (BigInt(offsetAfter(batch.lastOffset())) >= end.high) missing.delete(partition);
    if (missing.size === 0) finished.resolve();
  };
  const loop = new ConsumerLoop({
    connection,
    topicNames: [connection.topicName(topic)],
    fromBeginning: true,
    groupId: () => groupId,
    consumer: { maxWaitTimeInMs: 250 },
    run: {
      autoCommit: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: ({ batch }) => eachBatch(batch).catch(finished.reject),
    },
  });
  const giveUp = (): void => finished.reject(signal.reason);
  signal.addEventListener('abort', giveUp);
  try {
    if (signal.aborted) giveUp();
    void loop.start();
    await finished.promise;
  } finally {
    signal.removeEventListener('abort', giveUp);
    await loop.stop();
    await atMost(
      DELETE_GROUP_TIMEOUT_MS,
      connection.withAdmin((admin) => admin.deleteGroups([groupId])),
    );
  }
}
