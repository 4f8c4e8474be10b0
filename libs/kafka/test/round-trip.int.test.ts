import type { CloudEvent } from '@mirror/events';
import { waitFor } from '@mirror/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { type EventBatch, EventConsumer, EventProducer, type KafkaConnection } from '../src/index.js';
import { freshConnection, objectChanged, objectChanges } from './sample-events.js';

describe.each(['none', 'gzip', 'zstd'] as const)('events sent with compression %s', (compression) => {
  const connection: KafkaConnection = freshConnection({ compression });
  const producer = new EventProducer(connection);
  const batches: EventBatch[] = [];
  const consumer = new EventConsumer({
    connection,
    service: 'metadata',
    topics: [objectChanges],
    apply: async (batch) => {
      batches.push(batch);
      return [];
    },
  });

  afterAll(async () => {
    await consumer.stop();
    await producer.stop();
    await connection.stop();
  });

  it('arrive as they were said, in order per key, and the position is where they end', async () => {
    await consumer.start();
    await producer.start();
    const keys = ['a', 'b c', 'ü/ñ', '%25', '🙂', '\uFFFF', '//..//', 'a'];
    const sent = keys.map((key, index) => objectChanged(key, index));
    const position = await producer.send(objectChanges, sent);
    await waitFor(() => eventsOf(batches).length === sent.length, { what: 'all events' });
    expect(bySubject(eventsOf(batches))).toEqual(bySubject(sent));
    expect(furthest(batches)).toEqual(position);
  });

  it('commits what was applied', async () => {
    await waitFor(async () => (await consumer.lag()).every(({ lag }) => lag === 0), { what: 'no lag' });
    expect((await consumer.lag()).map(({ end }) => Number(end)).reduce((a, b) => a + b, 0)).toBe(8);
  });
});

const eventsOf = (batches: readonly EventBatch[]): CloudEvent[] =>
  batches.flatMap(({ events }) => events.map(({ event }) => event));

/** Order across partitions is nobody's promise; order inside a key is. */
function bySubject(events: readonly CloudEvent[]): Record<string, CloudEvent[] | undefined> {
  return Object.groupBy(events, ({ subject }) => subject);
}

const furthest = (batches: readonly EventBatch[]): Record<number, string> =>
  Object.fromEntries(batches.map(({ partition, nextOffset }) => [partition, nextOffset]));
