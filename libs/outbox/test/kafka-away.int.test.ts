import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topics } from '@mirror/events';
import { EventProducer, KafkaConnection } from '@mirror/kafka';
import { type FreshDatabase, freshDatabase, type RunningKafka, startKafka, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Outbox, OutboxRelay } from '../src/index.js';
import { commitEvent, locationUpdated, quiet, receive } from './sample-outbox.js';

// A broker's start takes its time on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

let dataDir: string;
let kafka: RunningKafka;
let database: FreshDatabase;
let outbox: Outbox;
const opened: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'kafka-away-'));
  kafka = await startKafka({ dataDir });
  database = await freshDatabase('outbox');
  outbox = new Outbox(database.db);
  await outbox.init();
});

afterAll(async () => {
  for (const one of opened.reverse()) await one.stop();
  await database.drop();
  await kafka.stop();
  await rm(dataDir, { recursive: true });
});

function open<T extends { stop(): Promise<void> }>(one: T): T {
  opened.push(one);
  return one;
}

function startRelay(): OutboxRelay {
  const options = { brokers: kafka.brokers, clientId: 'test', topicPrefix: 'away.', compression: 'none' } as const;
  const connection = open(new KafkaConnection({ ...options, logger: quiet }));
  const producer = open(new EventProducer(connection));
  const relay = open(new OutboxRelay({ db: database.db, producer, logger: quiet, topics: [topics.locations] }));
  relay.start();
  return relay;
}

it('with Kafka away, before and after a relay began, events are committed and kept; they arrive in order when it is back', async () => {
  await kafka.stop();
  await commitEvent(database.db, outbox, locationUpdated('paris', 1));
  const relay = startRelay();
  for (const revision of [2, 3]) {
    await commitEvent(database.db, outbox, locationUpdated('paris', revision));
    relay.nudge();
  }
  expect(await outbox.pending()).toBe(3);
  await kafka.start();
  await waitFor(async () => (await outbox.pending()) === 0, { what: 'an empty outbox', timeoutMs: 60_000 });
  const options = { brokers: kafka.brokers, clientId: 'test', topicPrefix: 'away.', compression: 'none' } as const;
  const received = await receive(open(new KafkaConnection({ ...options, logger: quiet })), open);
  await waitFor(() => received.length >= 3, { what: 'the events' });
  expect([...new Set(received.map(({ id }) => id))]).toEqual(['paris-1', 'paris-2', 'paris-3']);

  await kafka.kill();
  await commitEvent(database.db, outbox, locationUpdated('paris', 4));
  relay.nudge();
  await kafka.start();
  await waitFor(() => received.some(({ id }) => id === 'paris-4'), { what: 'the event', timeoutMs: 60_000 });
  await waitFor(async () => (await outbox.pending()) === 0, { what: 'an empty outbox', timeoutMs: 60_000 });
});
