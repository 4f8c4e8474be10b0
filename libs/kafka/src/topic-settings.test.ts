import { type Topic, topics } from '@mirror/events';
import { expect, it } from 'vitest';
import { deadLetterSettings, topicSettings } from './topic-settings.js';

const settingOf = (settings: { configEntries?: { name: string; value: string }[] }, name: string) =>
  settings.configEntries?.find((entry) => entry.name === name)?.value;

/** Rule R7: a tombstone lives 14 days, and what is older than that must not come again. */
const TOMBSTONE_DAYS = 14;

it.each(Object.values(topics) as Topic[])(
  '$name is kept for ever compacted, or for less time than a tombstone',
  (topic) => {
    const settings = topicSettings(`prefix.${topic.name}`, topic);
    expect(settings).toMatchObject({
      topic: `prefix.${topic.name}`,
      numPartitions: topic.partitions,
      replicationFactor: -1,
    });
    if (topic.compacted) {
      expect(settingOf(settings, 'cleanup.policy')).toBe('compact');
      expect(settingOf(settings, 'retention.ms')).toBeUndefined();
      return;
    }
    expect(settingOf(settings, 'cleanup.policy')).toBe('delete');
    expect(Number(settingOf(settings, 'retention.ms'))).toBe(topic.retentionDays * 24 * 3600 * 1000);
    expect(topic.retentionDays).toBeLessThan(TOMBSTONE_DAYS);
  },
);

it('keeps dead letters as long as a tombstone, and lets them be larger than what they are made of', () => {
  const settings = deadLetterSettings('a.dlq');
  expect(settingOf(settings, 'retention.ms')).toBe(String(TOMBSTONE_DAYS * 24 * 3600 * 1000));
  expect(Number(settingOf(settings, 'max.message.bytes'))).toBeGreaterThan(1_048_588);
});
