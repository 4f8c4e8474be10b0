import type { KafkaConnection } from './kafka-connection.js';

export interface PartitionLag {
  readonly topicName: string;
  readonly partition: number;
  /** Next offset that the group will ask for; where nothing was committed, the first that the broker has. */
  readonly committed: string;
  /** Offset that the next message will have. */
  readonly end: string;
  /** Messages between the two, an estimate where the topic is compacted. */
  readonly lag: number;
}

/** Of a consumer group, by what it committed. TransientError while Kafka is away. */
export function fetchLag(
  connection: KafkaConnection,
  groupId: string,
  topicNames: readonly string[],
): Promise<PartitionLag[]> {
  return connection.withAdmin(async (admin) => {
    const committed = await admin.fetchOffsets({ groupId, topics: [...topicNames] });
    const ofTopics = topicNames.map(async (topicName) => {
      const ends = await admin.fetchTopicOffsets(topicName);
      const partitions = committed.find(({ topic }) => topic === topicName)?.partitions ?? [];
      return ends.map(({ partition, low, high }) =>
        lagOf(topicName, partition, partitions.find((one) => one.partition === partition)?.offset ?? '-1', low, high),
      );
    });
    return (await Promise.all(ofTopics)).flat();
  });
}

function lagOf(topicName: string, partition: number, offset: string, low: string, high: string): PartitionLag {
  // -1: nothing committed yet. Below the low end: retention has taken what was never consumed.
  const committed = BigInt(offset) < BigInt(low) ? low : offset;
  return { topicName, partition, committed, end: high, lag: Number(BigInt(high) - BigInt(committed)) };
}
