import { type CloudEvent, type LocationState, topics } from '@mirror/events';
import { EventProducer, KafkaConnection } from '@mirror/kafka';
import { type FreshDatabase, freshDatabase, freshName, testServers, waitFor } from '@mirror/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Outbox, OutboxRelay } from '../src/index.js';
import { RelayLease } from '../src/relay-lease.js';
import { commitEvent, locationUpdated, quiet, receive } from './sample-outbox.js';

let database: FreshDatabase;
let outbox: Outbox;
let opened: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  database = await freshDatabase('outbox');
  outbox = new Outbox(database.db);
  await outbox.init();
});

afterEach(async () => {
  for (const one of opened.reverse()) await one.stop();
  opened = [];
  await database.drop();
});

function open<T extends { stop(): Promise<void> }>(one: T): T {
  opened.push(one);
  return one;
}

it('keeps an event if, and only if, its transaction commits', async () => {
  await commit(locationUpdated('kept', 1));
  const aborted = commit(locationUpdated('lost', 2), () => {
    throw new Error('no');
  });
  await expect(aborted).rejects.toThrow('no');
  expect(await outbox.pending()).toBe(1);
  // Its place in the order is from the database's clock: more than a minute ago would be 1970.
  const row = await database.db.collection('outbox').findOne();
  expect(row?.at.t * 1_000).toBeGreaterThan(Date.now() - 60_000);
});

it('refuses to add an event outside of a transaction', async () => {
  const session = database.db.client.startSession();
  const added = outbox.add(session, topics.locations, locationUpdated('paris', 1));
  await expect(added).rejects.toMatchObject({ code: 'OUTBOX.NO_TRANSACTION' });
  await session.endSession();
  expect(await outbox.pending()).toBe(0);
});

it('relays events as they were added, odd texts included, and empties itself', async () => {
  const { relay, received } = await openBoth();
  const odd = ['a.b', '$c', '\uD800', '\u0000', '🙂'].map((text, index) => locationUpdated('paris', index, text));
  for (const event of odd) await commit(event);
  relay.nudge();
  await waitFor(() => received.length === odd.length, { what: 'the events' });
  expect(received).toEqual(odd);
  await waitFor(async () => (await outbox.pending()) === 0, { what: 'an empty outbox' });
});

it('finds what another process committed, without a nudge', async () => {
  const { received } = await openBoth();
  await commit(locationUpdated('paris', 1));
  await waitFor(() => received.length === 1, { what: 'the event' });
});

it('keeps the order of commits of a key, with many writers at once', async () => {
  const { relay, received } = await openBoth();
  const writers = Array.from({ length: 4 }, async () => {
    for (let n = 0; n < 15; n++) {
      await countUp('paris');
      relay.nudge();
    }
  });
  await Promise.all(writers);
  await waitFor(() => received.length === 60, { what: 'all events' });
  const revisions = received.map(({ data }) => Number((data as LocationState).revision));
  expect(revisions).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
});

it('sets aside what Kafka refuses for good, and goes on', async () => {
  const { relay, received } = await openBoth();
  await commit(locationUpdated('before', 1));
  await commit(locationUpdated('huge', 2, 'x'.repeat(2_000_000)));
  await commit(locationUpdated('after', 3));
  relay.nudge();
  await waitFor(() => received.at(-1)?.subject === 'after', { what: 'the event after it' });
  // At least once: the one before may have been sent with it, and again without it.
  expect([...new Set(received.map(({ subject }) => subject))]).toEqual(['before', 'after']);
  await waitFor(async () => (await outbox.pending()) === 0, { what: 'nothing pending' });
  const rows = await database.db.collection('outbox').find().toArray();
  expect(rows).toMatchObject([{ refused: { code: 'KAFKA.MESSAGE_TOO_LARGE' } }]);
});

it('goes on with another relay when the one that held the lease is stopped, or falls silent', async () => {
  const topicPrefix = `${freshName('outbox')}.`;
  const first = openRelay(topicPrefix);
  const received = await receive(openConnection(topicPrefix), open);
  await commit(locationUpdated('paris', 1));
  await waitFor(() => received.length === 1, { what: 'the first event' });
  const second = openRelay(topicPrefix);
  await first.stop();
  await commit(locationUpdated('paris', 2));
  await waitFor(() => received.length === 2, { what: 'the second event' });
  await second.stop();
  // A holder that never prolongs, as one that was killed.
  const silent = new RelayLease(database.db, 'outbox', 'killed', 2_000);
  expect(await silent.take()).toBe(true);
  await commit(locationUpdated('paris', 3));
  openRelay(topicPrefix);
  await waitFor(() => received.length === 3 || !silent.held, { what: 'the silent one to doubt' });
  expect(received).toHaveLength(2);
  await waitFor(() => received.length === 3, { what: 'the third event' });
  expect(received.map(({ id }) => id)).toEqual(['paris-1', 'paris-2', 'paris-3']);
});

function openConnection(topicPrefix: string): KafkaConnection {
  const brokers = testServers().kafkaBrokers;
  return open(new KafkaConnection({ brokers, clientId: 'test', topicPrefix, compression: 'none', logger: quiet }));
}

function openRelay(topicPrefix: string): OutboxRelay {
  const producer = open(new EventProducer(openConnection(topicPrefix)));
  const relay = open(new OutboxRelay({ db: database.db, producer, logger: quiet, topics: [topics.locations] }));
  relay.start();
  return relay;
}

async function openBoth(): Promise<{ relay: OutboxRelay; received: CloudEvent[] }> {
  const topicPrefix = `${freshName('outbox')}.`;
  const relay = openRelay(topicPrefix);
  return { relay, received: await receive(openConnection(topicPrefix), open) };
}

const commit = (event: CloudEvent, afterwards?: () => void) => commitEvent(database.db, outbox, event, afterwards);

/** As a store does it: the entity's document and its event in one transaction. */
async function countUp(name: string): Promise<void> {
  const entities = database.db.collection<{ _id: string; n: number }>('entities');
  await database.db.client.withSession((session) =>
    session.withTransaction(async () => {
      const options = { session, upsert: true, returnDocument: 'after' } as const;
      const after = await entities.findOneAndUpdate({ _id: name }, { $inc: { n: 1 } }, options);
      await outbox.add(session, topics.locations, locationUpdated(name, after?.n ?? 0));
    }),
  );
}
