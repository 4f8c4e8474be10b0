import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TransientError } from '@mirror/runtime';
import { type RunningKafka, startKafka, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EventBatch, EventConsumer, EventProducer, KafkaConnection, StateTable } from '../src/index.js';
import { readRaw } from './raw-messages.js';
import { locations, locationUpdated, objectChanged, objectChanges, quiet } from './sample-events.js';

let dataDir: string;
let kafka: RunningKafka;
const opened: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'broker-killed-'));
  kafka = await startKafka({ dataDir });
});

afterAll(async () => {
  for (const one of opened.reverse()) await one.stop();
  await kafka.stop();
  await rm(dataDir, { recursive: true });
});

function open<T extends { stop(): Promise<void> }>(one: T): T {
  opened.push(one);
  return one;
}

function newConnection(topicPrefix: string): KafkaConnection {
  const options = {
    brokers: kafka.brokers,
    clientId: 'test',
    topicPrefix,
    compression: 'none',
    logger: quiet,
  } as const;
  return open(new KafkaConnection(options));
}

it('after a broker was killed and came back, what it acknowledged is there once, and is applied in order', async () => {
  const connection = newConnection('killed.');
  const producer = open(new EventProducer(connection));
  const batches: EventBatch[] = [];
  const consumer = open(
    new EventConsumer({
      connection,
      service: 'metadata',
      topics: [objectChanges],
      apply: async (batch) => {
        batches.push(batch);
        return [];
      },
    }),
  );
  await consumer.start();
  const acknowledged = new Set<string>();
  let isRunning = true;
  const writers = ['a', 'b', 'c', 'd'].map(async (key, writer) => {
    for (let n = 0; isRunning; n++) {
      const event = objectChanged(key, writer * 1_000_000 + n);
      await producer.send(objectChanges, [event]).then(
        () => acknowledged.add(event.id),
        (error) => expect(error).toBeInstanceOf(TransientError),
      );
    }
  });
  await waitFor(() => acknowledged.size > 100, { what: 'some events' });
  await kafka.kill();
  const before = acknowledged.size;
  await expect(connection.check()).rejects.toMatchObject({ code: 'KAFKA.UNAVAILABLE' });
  await kafka.start();
  await waitFor(() => acknowledged.size > before + 100, { what: 'events after the restart', timeoutMs: 60_000 });
  isRunning = false;
  await Promise.all(writers);
  await waitFor(async () => (await consumer.lag()).every(({ lag }) => lag === 0), {
    what: 'no lag',
    timeoutMs: 60_000,
  });

  const stored = (await readRaw(connection, connection.topicName(objectChanges))).map(({ headers }) => headers.ce_id);
  const once = new Set(stored);
  expect([...acknowledged].filter((id) => !once.has(id))).toEqual([]);
  expect(stored).toHaveLength(once.size);
  expectEveryOffsetInOrder(batches);
});

it('a service starts while Kafka is away, and gets on when it comes', async () => {
  await kafka.stop();
  const connection = newConnection('away.');
  const producer = open(new EventProducer(connection));
  await producer.start();
  const table = open(
    new StateTable({ connection, topic: locations, key: (state: { name: string; revision: string }) => state.name }),
  );
  let isRead = false;
  const read = table.start().then(() => {
    isRead = true;
  });
  const sent = producer.send(locations, [locationUpdated('paris', '1')]);
  await expect(sent).rejects.toMatchObject({ code: 'KAFKA.UNAVAILABLE' });
  expect(isRead).toBe(false);
  await kafka.start();
  await read;
  await producer.send(locations, [locationUpdated('paris', '2')]);
  await waitFor(() => table.get('paris')?.state.revision === '2', { what: 'the state' });
});

it('a state table follows on after its broker was away', async () => {
  const connection = newConnection('away.');
  const producer = open(new EventProducer(connection));
  const table = open(
    new StateTable({ connection, topic: locations, key: (state: { name: string; revision: string }) => state.name }),
  );
  await table.start();
  expect(table.get('paris')?.state.revision).toBe('2');
  const changes: string[] = [];
  table.onChange(({ state }) => changes.push(state.revision));
  await kafka.kill();
  await kafka.start();
  await waitFor(() => producer.send(locations, [locationUpdated('paris', '3')]), { what: 'Kafka', timeoutMs: 30_000 });
  await waitFor(() => table.get('paris')?.state.revision === '3', { what: 'the state', timeoutMs: 30_000 });
  expect(changes).toEqual(['3']);
});

it('everything stops within seconds while Kafka is away', async () => {
  const connection = newConnection('stopping.');
  const producer = new EventProducer(connection);
  const consumer = new EventConsumer({ connection, service: 'x', topics: [objectChanges], apply: async () => [] });
  const table = new StateTable({ connection, topic: locations, key: ({ revision }: { revision: string }) => revision });
  await consumer.start();
  await table.start();
  await kafka.kill();
  const sent = producer.send(locations, [locationUpdated('paris', '1')]);
  const began = performance.now();
  await Promise.all([
    consumer.stop(),
    table.stop(),
    producer.stop(),
    expect(sent).rejects.toBeInstanceOf(TransientError),
  ]);
  await connection.stop();
  expect(performance.now() - began).toBeLessThan(9_000);
  await kafka.start();
});

/** Offsets may come again after a crash; none is skipped, and first comings are in order. */
function expectEveryOffsetInOrder(batches: readonly EventBatch[]): void {
  const next = new Map<number, number>();
  for (const { partition, firstOffset, nextOffset } of batches) {
    expect(Number(firstOffset)).toBeLessThanOrEqual(next.get(partition) ?? 0);
    next.set(partition, Math.max(next.get(partition) ?? 0, Number(nextOffset)));
  }
  expect(next.size).toBeGreaterThan(1);
}
