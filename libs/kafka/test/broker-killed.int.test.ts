import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocationState } from '@mirror/events';
import { TransientError } from '@mirror/runtime';
import { type RunningKafka, startKafka, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type EventBatch, EventConsumer, EventProducer, KafkaConnection, StateTable } from '../src/index.js';
import { readRaw } from './raw-messages.js';
import { locations, locationUpdated, objectChanged, objectChanges, quiet } from './sample-events.js';

// A broker's start takes its time on a busy machine, and a group may wait for the session of a member that is gone.
vi.setConfig({ testTimeout: 180_000 });

/** One outage, step by step: each test is a step, and needs those before it. */
let dataDir: string;
let kafka: RunningKafka;
let connection: KafkaConnection;
let producer: EventProducer;
let table: StateTable<LocationState>;
const opened: { stop(): Promise<void> }[] = [];

const batches: EventBatch[] = [];
const acknowledged = new Set<string>();
const writing = { isOn: true, done: Promise.resolve<unknown>(undefined) };

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'broker-killed-'));
  kafka = await startKafka({ dataDir });
  connection = open(newConnection());
  producer = open(new EventProducer(connection));
  table = open(newTable(connection));
  await table.start();
});

afterAll(async () => {
  writing.isOn = false;
  await writing.done;
  for (const one of opened.reverse()) await one.stop();
  await kafka.stop();
  await rm(dataDir, { recursive: true });
});

function open<T extends { stop(): Promise<void> }>(one: T): T {
  opened.push(one);
  return one;
}

function newConnection(): KafkaConnection {
  const { brokers } = kafka;
  return new KafkaConnection({ brokers, clientId: 'test', topicPrefix: 'killed.', compression: 'none', logger: quiet });
}

const newTable = (on: KafkaConnection) =>
  new StateTable<LocationState>({ connection: on, topic: locations, key: ({ name }) => name });

const newConsumer = (on: KafkaConnection, service: string, seen: EventBatch[]) =>
  new EventConsumer({
    connection: on,
    service,
    topics: [objectChanges],
    apply: async (batch) => {
      seen.push(batch);
      return [];
    },
  });

let consumer: EventConsumer;
let stoppedInOutage: { stop(): Promise<void> }[];

it('a broker is killed while four writers write and consumers read', async () => {
  consumer = open(newConsumer(connection, 'metadata', batches));
  await consumer.start();
  const other = newConnection();
  const others = {
    consumer: newConsumer(other, 'other', []),
    table: newTable(other),
    producer: new EventProducer(other),
  };
  await others.consumer.start();
  await others.table.start();
  await others.producer.send(locations, [locationUpdated('paris', '1')]);
  stoppedInOutage = [others.consumer, others.table, others.producer, other];
  writing.done = Promise.all(['a', 'b', 'c', 'd'].map((key, writer) => write(key, writer * 1_000_000)));
  await waitFor(() => acknowledged.size > 100 && batches.length > 1, { what: 'some events' });
  await waitFor(() => table.get('paris'), { what: 'the state' });
  await kafka.kill();
});

it('what runs then says so, and can be stopped within seconds', async () => {
  await expect(connection.check()).rejects.toMatchObject({ code: 'KAFKA.UNAVAILABLE' });
  const began = performance.now();
  for (const one of stoppedInOutage) await one.stop();
  expect(performance.now() - began).toBeLessThan(12_000);
});

it('a table that is started then waits, and has everything when the broker is back', async () => {
  const late = open(newTable(open(newConnection())));
  let isRead = false;
  const read = late.start().then(() => {
    isRead = true;
  });
  await expect(producer.send(locations, [locationUpdated('lost', '1')])).rejects.toBeInstanceOf(TransientError);
  expect(isRead).toBe(false);
  await kafka.start();
  await read;
  expect(late.get('paris')?.state.revision).toBe('1');
});

it('a table that was there before follows on', async () => {
  await waitFor(() => producer.send(locations, [locationUpdated('paris', '3')]), { what: 'Kafka', timeoutMs: 60_000 });
  await waitFor(() => table.get('paris')?.state.revision === '3', { what: 'the state', timeoutMs: 60_000 });
});

it('what the broker acknowledged is there once, and was applied in order without a gap', async () => {
  const before = acknowledged.size;
  await waitFor(() => acknowledged.size > before + 100, { what: 'events after the restart', timeoutMs: 60_000 });
  writing.isOn = false;
  await writing.done;
  const timeoutMs = 60_000;
  await waitFor(async () => (await consumer.lag()).every(({ lag }) => lag === 0), { what: 'no lag', timeoutMs });
  const stored = (await readRaw(connection, connection.topicName(objectChanges))).map(({ headers }) => headers.ce_id);
  const once = new Set(stored);
  expect([...acknowledged].filter((id) => !once.has(id))).toEqual([]);
  expect(stored).toHaveLength(once.size);
  expectEveryOffsetInOrder(batches);
});

/** One event after the other; one that is not acknowledged is not sent again, so that none has a reason to be there twice. */
async function write(key: string, first: number): Promise<void> {
  for (let n = first; writing.isOn; n++) {
    const event = objectChanged(key, n);
    await producer.send(objectChanges, [event]).then(
      () => acknowledged.add(event.id),
      (error) => expect(error).toBeInstanceOf(TransientError),
    );
  }
}

/** Batches may come again after a crash; none is skipped, and what comes for the first time comes in order. */
function expectEveryOffsetInOrder(seen: readonly EventBatch[]): void {
  const next = new Map<number, number>();
  for (const { partition, firstOffset, nextOffset } of seen) {
    expect(Number(firstOffset)).toBeLessThanOrEqual(next.get(partition) ?? 0);
    next.set(partition, Math.max(next.get(partition) ?? 0, Number(nextOffset)));
  }
  expect(next.size).toBeGreaterThan(1);
}
