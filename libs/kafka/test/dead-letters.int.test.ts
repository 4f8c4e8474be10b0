import { toKafkaMessage } from '@mirror/events';
import { PermanentError } from '@mirror/runtime';
import { waitFor } from '@mirror/testing';
import { afterEach, expect, it } from 'vitest';
import { type Apply, EventConsumer, EventProducer, type KafkaConnection } from '../src/index.js';
import { readRaw, sendRaw } from './raw-messages.js';
import { freshConnection, objectChanged, objectChanges } from './sample-events.js';

const service = 'metadata';
const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.stop();
});

function open<T extends { stop(): Promise<void> }>(one: T): T {
  opened.push(one);
  return one;
}

function consume(connection: KafkaConnection, apply: Apply): EventConsumer {
  return open(new EventConsumer({ connection, service, topics: [objectChanges], apply }));
}

async function openTopic(): Promise<{ connection: KafkaConnection; name: string; deadLetters: string }> {
  const connection = open(freshConnection());
  await connection.ensureTopics([objectChanges], service);
  const deadLetters = connection.deadLetterTopicName(objectChanges, service);
  return { connection, name: connection.topicName(objectChanges), deadLetters };
}

const noLag = (consumer: EventConsumer) =>
  waitFor(async () => (await consumer.lag()).every(({ lag }) => lag === 0), { what: 'no lag' });

it('sets malformed messages aside with their reason, as they came, and goes on with the batch', async () => {
  const { connection, name, deadLetters } = await openTopic();
  const good = toKafkaMessage(objectChanged('good'));
  const bytes = Buffer.from([0xff, 0x00, 0xfe]);
  const poison = [
    { ...good, value: '{ "mirrorId": ' },
    { ...good, value: null },
    { ...good, value: '{}' },
    { key: bytes, value: bytes, headers: { foreign: 'kept' } },
    { key: null, value: 'no headers at all' },
  ];
  await sendRaw(connection, name, [
    good,
    ...poison,
    good,
    { ...good, headers: { ...good.headers, ce_type: 'NewType' } },
  ]);
  const applied: string[] = [];
  const consumer = consume(connection, async ({ events, nextOffset }) => {
    applied.push(...events.map(({ offset }) => offset), `next ${nextOffset}`);
    return [];
  });
  await consumer.start();
  await noLag(consumer);
  expect(applied).toEqual(['0', '6', 'next 8']);
  const letters = await readRaw(connection, deadLetters);
  expect(letters.map(({ key, value }) => [key, value])).toEqual(
    poison.map(({ key, value }) => [buffer(key), buffer(value)]),
  );
  expect(letters.map(({ headers }) => headers.dlq_offset)).toEqual(['1', '2', '3', '4', '5']);
  for (const { headers } of letters) {
    expect(headers).toMatchObject({ dlq_topic: name, dlq_partition: '0', dlq_code: 'EVENT.MALFORMED' });
    expect(Date.parse(headers.dlq_at ?? '')).toBeGreaterThan(Date.now() - 60_000);
  }
  expect(letters[0]?.headers).toMatchObject({ ...good.headers, dlq_reason: expect.stringContaining('not JSON') });
  expect(letters[2]?.headers.dlq_reason).toContain('mirrorId');
  expect(letters[3]?.headers).toMatchObject({ foreign: 'kept', dlq_reason: 'ce_specversion is not 1.0' });
});

it('sets aside what apply rejects', async () => {
  const { connection, deadLetters } = await openTopic();
  const producer = open(new EventProducer(connection));
  const consumer = consume(connection, async ({ events }) =>
    events
      .filter(({ event }) => event.subject.endsWith('bad'))
      .map(({ offset }) => ({ offset, reason: 'a word: ü', code: 'TEST.BAD' })),
  );
  await consumer.start();
  await producer.send(
    objectChanges,
    ['a', 'bad', 'b'].map((key) => objectChanged(key)),
  );
  await noLag(consumer);
  const letters = await readRaw(connection, deadLetters);
  expect(letters.map(({ key }) => String(key))).toEqual(['photos/bad']);
  expect(letters[0]?.headers).toMatchObject({
    ce_type: 'ObjectChanged',
    dlq_code: 'TEST.BAD',
    dlq_reason: 'a word: ü',
  });
});

it('finds out which events of a batch are refused for good', async () => {
  const { connection, name, deadLetters } = await openTopic();
  const keys = ['a', 'bad', 'b', 'bad', 'c'];
  await sendRaw(
    connection,
    name,
    keys.map((key) => toKafkaMessage(objectChanged(key))),
  );
  const applied: [string, string][] = [];
  const consumer = consume(connection, async ({ events, nextOffset }) => {
    if (events.some(({ event }) => event.subject === 'photos/bad')) {
      throw new PermanentError('no such mirror', { code: 'TEST.REFUSED' });
    }
    applied.push(...events.map(({ event }): [string, string] => [event.subject, nextOffset]));
    return [];
  });
  await consumer.start();
  await noLag(consumer);
  expect(applied).toEqual([
    ['photos/a', '1'],
    ['photos/b', '3'],
    ['photos/c', '5'],
  ]);
  const letters = await readRaw(connection, deadLetters);
  expect(letters.map(({ headers }) => [headers.dlq_offset, headers.dlq_code, headers.dlq_reason])).toEqual([
    ['1', 'TEST.REFUSED', 'no such mirror'],
    ['3', 'TEST.REFUSED', 'no such mirror'],
  ]);
});

const buffer = (text: string | Buffer | null): Buffer | null => (text === null ? null : Buffer.from(text));
