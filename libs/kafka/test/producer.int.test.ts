import { toKafkaMessage } from '@mirror/events';
import { PermanentError, TransientError } from '@mirror/runtime';
import { waitFor } from '@mirror/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventConsumer, EventProducer } from '../src/index.js';
import { readRaw, sendRaw } from './raw-messages.js';
import { freshConnection, objectChanged, objectChanges } from './sample-events.js';

const connection = freshConnection();
const producer = new EventProducer(connection);
const name = connection.topicName(objectChanges);

beforeAll(() => connection.ensureTopics([objectChanges], 'metadata'));
afterAll(async () => {
  await producer.stop();
  await connection.stop();
});

const ends = async (): Promise<Record<number, string>> => {
  const offsets = await connection.withAdmin((admin) => admin.fetchTopicOffsets(name));
  return Object.fromEntries(offsets.map(({ partition, high }) => [partition, high]));
};

it('answers the very end of each partition that it wrote to, of more events than one request takes', async () => {
  const events = Array.from({ length: 4_000 }, (_, index) => objectChanged(`key-${index % 50}`, index));
  expect(await producer.send(objectChanges, events)).toEqual(await ends());
  const sizes = new Map<string, number>();
  for (const { key, value } of await readRaw(connection, name)) {
    const { size } = JSON.parse(String(value));
    expect(size).toBeGreaterThan(sizes.get(String(key)) ?? -1);
    sizes.set(String(key), size);
  }
  expect(sizes.size).toBe(50);
});

it('answers each of many calls at once its own position, and no partition that it did not write to', async () => {
  const before = await ends();
  const sent = await Promise.all(
    Array.from({ length: 40 }, () => producer.send(objectChanges, [objectChanged('same')])),
  );
  const [partition] = Object.keys(sent[0] ?? {});
  const first = Number(before[Number(partition)]);
  expect(sent).toEqual(Array.from({ length: 40 }, (_, index) => ({ [Number(partition)]: String(first + index + 1) })));
  expect(await producer.send(objectChanges, [])).toEqual({});
});

it('refuses an event that is too large for the broker, and sends those beside it', async () => {
  const huge = objectChanged('x'.repeat(1_100_000));
  const [refused, ...others] = await Promise.allSettled([
    producer.send(objectChanges, [huge]),
    ...Array.from({ length: 10 }, (_, index) => producer.send(objectChanges, [objectChanged('beside', index)])),
  ]);
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'KAFKA.MESSAGE_TOO_LARGE' } });
  expect(refused?.status === 'rejected' && refused.reason).toBeInstanceOf(PermanentError);
  expect(others.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 'fulfilled'));
});

it('says that a topic is missing', async () => {
  const sent = producer.send({ ...objectChanges, name: 'missing' }, [objectChanged('a')]);
  await expect(sent).rejects.toMatchObject({ name: 'TransientError', code: 'KAFKA.NO_TOPIC' });
});

it('does not send after it was stopped', async () => {
  const stopped = new EventProducer(connection);
  await stopped.send(objectChanges, [objectChanged('a')]);
  await stopped.stop();
  await expect(stopped.send(objectChanges, [objectChanged('b')])).rejects.toBeInstanceOf(TransientError);
});

it('ensures topics that others ensure at the same moment, and those that are there already', async () => {
  const fresh = freshConnection();
  const several = Array.from({ length: 4 }, () => freshConnection({ topicPrefix: fresh.options.topicPrefix }));
  await Promise.all(several.map((one) => one.ensureTopics([objectChanges], 'metadata')));
  await fresh.ensureTopics([objectChanges], 'metadata');
  const { topics } = await fresh.withAdmin((admin) => admin.fetchTopicMetadata());
  const own = topics.filter((topic) => topic.name.startsWith(fresh.options.topicPrefix));
  expect(own.map((topic) => [topic.name, topic.partitions.length]).sort()).toEqual([
    [fresh.topicName(objectChanges), 6],
    [fresh.deadLetterTopicName(objectChanges, 'metadata'), 1],
  ]);
  await Promise.all([fresh, ...several].map((one) => one.stop()));
});

it('dead-letters a malformed message of the largest size that the broker takes', async () => {
  const other = freshConnection();
  await other.ensureTopics([objectChanges], 'metadata');
  const { headers } = toKafkaMessage(objectChanged('a'));
  await sendRaw(other, other.topicName(objectChanges), [{ key: 'k', value: '{'.repeat(1_048_000), headers }]);
  const options = { connection: other, service: 'metadata', topics: [objectChanges], apply: async () => [] };
  const consumer = new EventConsumer(options);
  await consumer.start();
  await waitFor(async () => (await consumer.lag()).every(({ lag }) => lag === 0), { what: 'no lag' });
  const [letter] = await readRaw(other, other.deadLetterTopicName(objectChanges, 'metadata'));
  expect(letter?.value).toHaveLength(1_048_000);
  await consumer.stop();
  await other.stop();
});
