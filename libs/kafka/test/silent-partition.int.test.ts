import { createRequire } from 'node:module';
import { waitFor } from '@mirror/testing';
import { afterEach, it, vi } from 'vitest';
import { EventConsumer, EventProducer } from '../src/index.js';
import { freshConnection, objectChanged, objectChanges } from './sample-events.js';

/** Where kafkajs asks for messages. */
const { prototype }: { prototype: { fetch(nodeId: number): Promise<unknown[]> } } = createRequire(import.meta.url)(
  'kafkajs/src/consumer/consumerGroup.js',
);
const connection = freshConnection();
const producer = new EventProducer(connection);

afterEach(async () => {
  vi.restoreAllMocks();
  await producer.stop();
  await connection.stop();
});

it('a consumer that silently gets nothing any more is replaced by a new one', async () => {
  const applied: string[] = [];
  const consumer = new EventConsumer({
    connection,
    service: 'metadata',
    topics: [objectChanges],
    watchIntervalMs: 500,
    apply: async ({ events }) => {
      applied.push(...events.map(({ event }) => event.subject));
      return [];
    },
  });
  await consumer.start();
  await producer.send(objectChanges, [objectChanged('before')]);
  await waitFor(() => applied.length === 1, { what: 'the first event' });
  const deaf = new Set<unknown>();
  const { fetch } = prototype;
  vi.spyOn(prototype, 'fetch').mockImplementation(async function (this: typeof prototype, nodeId: number) {
    if (deaf.size === 0) deaf.add(this);
    const batches = await fetch.call(this, nodeId);
    return deaf.has(this) ? [] : batches;
  });
  await waitFor(() => deaf.size === 1, { what: 'the consumer to go deaf' });
  await producer.send(objectChanges, [objectChanged('after')]);
  await waitFor(() => applied.includes('photos/after'), { what: 'the event after it' });
  await consumer.stop();
});
