import type { Topic } from '@mirror/events';
import type { ITopicConfig } from 'kafkajs';

const DAY_MS = 86_400_000;

/** As long as a tombstone lives (rule R7): an event replayed later than that is refused anyway. */
const DEAD_LETTER_DAYS = 14;

/** -1: the broker's own default, so that one node and three need no setting of ours. */
const BROKER_DEFAULT = -1;

/** What a topic is created with. Existing topics are left as they are. */
export function topicSettings(name: string, topic: Topic): ITopicConfig {
  const configEntries = topic.compacted
    ? [{ name: 'cleanup.policy', value: 'compact' }]
    : [
        { name: 'cleanup.policy', value: 'delete' },
        { name: 'retention.ms', value: String(topic.retentionDays * DAY_MS) },
      ];
  return { topic: name, numPartitions: topic.partitions, replicationFactor: BROKER_DEFAULT, configEntries };
}

/** Of somebody else's messages, which are worth nothing soon after. */
export function foreignSettings(name: string): ITopicConfig {
  const configEntries = [
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'retention.ms', value: String(DAY_MS) },
  ];
  return { topic: name, numPartitions: 3, replicationFactor: BROKER_DEFAULT, configEntries };
}

/** Twice the broker's default: a message at its limit still fits with the headers that say why it is here. */
const DEAD_LETTER_MAX_BYTES = 2_097_176;

export function deadLetterSettings(name: string): ITopicConfig {
  const configEntries = [
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'retention.ms', value: String(DEAD_LETTER_DAYS * DAY_MS) },
    { name: 'max.message.bytes', value: String(DEAD_LETTER_MAX_BYTES) },
  ];
  return { topic: name, numPartitions: 1, replicationFactor: BROKER_DEFAULT, configEntries };
}
