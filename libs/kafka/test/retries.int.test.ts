import { FatalError, TransientError } from '@mirror/runtime';
import { waitFor } from '@mirror/testing';
import { afterEach, expect, it } from 'vitest';
import {
  type ConsumerOptions,
  EventConsumer,
  EventProducer,
  type KafkaConnection,
  type KafkaOptions,
} from '../src/index.js';
import { freshConnection, objectChanged, objectChanges } from './sample-events.js';

const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.stop();
});

function open<T extends { stop(): Promise<void> }>(one: T): T {
  opened.push(one);
  return one;
}

const consume = (connection: KafkaConnection, apply: ConsumerOptions['apply'], more: Partial<ConsumerOptions> = {}) =>
  open(new EventConsumer({ connection, service: 'metadata', topics: [objectChanges], apply, ...more }));

const totalLag = async (consumer: EventConsumer) => (await consumer.lag()).reduce((sum, { lag }) => sum + lag, 0);

/** Ten events of one key, so that they are in one partition. */
async function openWithEvents(options: Partial<KafkaOptions> = {}): Promise<KafkaConnection> {
  const connection = open(freshConnection(options));
  const producer = open(new EventProducer(connection));
  await connection.ensureTopics([objectChanges]);
  await producer.send(
    objectChanges,
    Array.from({ length: 10 }, (_, size) => objectChanged('a', size)),
  );
  return connection;
}

it.each([
  ['a TransientError', () => new TransientError('MongoDB is away', { code: 'TEST.AWAY' })],
  ['a TypeError', () => new TypeError('undefined is not a function')],
])('gives the same batch again after %s, and commits nothing before it is applied', async (_name, newError) => {
  const connection = await openWithEvents();
  const given: string[] = [];
  let isAway = true;
  const consumer = consume(connection, async ({ events, firstOffset, nextOffset }) => {
    given.push(`${firstOffset} ${nextOffset} ${events.length}`);
    if (isAway) throw newError();
    return [];
  });
  await consumer.start();
  await waitFor(() => given.length >= 3, { what: 'three attempts' });
  expect(await totalLag(consumer)).toBe(10);
  isAway = false;
  await waitFor(async () => (await totalLag(consumer)) === 0, { what: 'no lag' });
  expect(new Set(given)).toEqual(new Set(['0 10 10']));
});

it('stops soon while it waits for something that is away, and the next one gets the batch', async () => {
  const connection = await openWithEvents();
  let attempts = 0;
  const consumer = consume(connection, async () => {
    attempts++;
    throw new TransientError('away', { code: 'TEST.AWAY', retryAfterMs: 60_000 });
  });
  await consumer.start();
  await waitFor(() => attempts > 0, { what: 'an attempt' });
  const began = performance.now();
  await consumer.stop();
  expect(performance.now() - began).toBeLessThan(3_000);
  const offsets: string[] = [];
  const next = consume(connection, async ({ events }) => {
    offsets.push(...events.map(({ offset }) => offset));
    return [];
  });
  await next.start();
  await waitFor(async () => (await totalLag(next)) === 0, { what: 'no lag' });
  expect(offsets).toHaveLength(10);
});

it('commits a batch that was finished while stopping, and not one that was told to leave', async () => {
  const connection = await openWithEvents();
  for (const [looks, lagAfterwards] of [
    [true, 10],
    [false, 0],
  ] as const) {
    const begun = Promise.withResolvers<void>();
    const stopping = Promise.withResolvers<void>();
    const consumer = consume(connection, async (_batch, context) => {
      begun.resolve();
      await stopping.promise;
      if (looks) expect(context.isRunning()).toBe(false);
      return [];
    });
    await consumer.start();
    await begun.promise;
    const stopped = consumer.stop();
    stopping.resolve();
    await stopped;
    expect(await totalLag(consumer)).toBe(lagAfterwards);
  }
});

it('ends on a FatalError without a commit, and says so', async () => {
  const connection = await openWithEvents();
  const fatal = Promise.withResolvers<FatalError>();
  const consumer = consume(
    connection,
    async () => {
      throw new FatalError('the schema is newer', { code: 'TEST.FATAL' });
    },
    { onFatal: fatal.resolve },
  );
  await consumer.start();
  expect((await fatal.promise).code).toBe('TEST.FATAL');
  await consumer.stop();
  expect(await totalLag(consumer)).toBe(10);
});

it('stays in its group while a batch takes longer than the session', async () => {
  const connection = await openWithEvents({ sessionTimeoutMs: 6_000 });
  let attempts = 0;
  const consumer = consume(connection, async (_batch, { isRunning }) => {
    attempts++;
    const until = performance.now() + 9_000;
    await waitFor(() => performance.now() > until, { what: 'more than a session', timeoutMs: 20_000 });
    expect(isRunning()).toBe(true);
    return [];
  });
  await consumer.start();
  await waitFor(async () => (await totalLag(consumer)) === 0, { what: 'no lag', timeoutMs: 30_000 });
  expect(attempts).toBe(1);
});

it('gives up a batch that it waits for when the group rebalances', async () => {
  const connection = await openWithEvents();
  let isAway = true;
  let attempts = 0;
  const apply = async () => {
    attempts++;
    if (isAway) throw new TransientError('away', { code: 'TEST.AWAY', retryAfterMs: 60_000 });
    return [];
  };
  const [one, other] = [consume(connection, apply), consume(connection, apply)];
  await one.start();
  await waitFor(() => attempts === 1, { what: 'an attempt' });
  isAway = false;
  // It joins only when the first one has let go of its batch, or when that one's session has run out after 30 s.
  const began = performance.now();
  await other.start();
  expect(performance.now() - began).toBeLessThan(15_000);
  await waitFor(async () => (await totalLag(one)) === 0, { what: 'no lag', timeoutMs: 20_000 });
  expect(attempts).toBe(2);
});
