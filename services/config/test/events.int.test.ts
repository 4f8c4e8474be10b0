import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareTimes, eventSchemas, topics } from '@mirror/events';
import { createLogger } from '@mirror/runtime';
import { type FreshBucket, freshBucket, type RunningKafka, startKafka, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startConfig } from '../src/start.js';
import { locationOn } from './connector-bucket.js';
import { type Message, readMessages } from './read-messages.js';
import { startTestConfig, type TestConfig } from './running-config.js';

let target: FreshBucket;
beforeAll(async () => {
  target = await freshBucket();
});
afterAll(() => target.drop());

const typeOf = (message: Message): string => message.headers.ce_type ?? '';

const messagesOf = (config: TestConfig, count: number): Promise<Message[]> =>
  readMessages(config.env, [topics.locations, topics.buckets], count);

/** Everything an operator does in the life of a mirror. */
async function liveThrough(config: TestConfig): Promise<void> {
  const call = async (method: string, path: string, body?: object) => {
    const { status, text } = await config.call(method, path, { body });
    expect(status, text).toBeLessThan(300);
  };
  await call('POST', '/v1/locations', locationOn(target.bucket, 'ring-paris'));
  await call('PATCH', '/v1/locations/ring-paris', { details: { region: 'eu-west-1' } });
  await call('POST', '/v1/buckets', { name: 'photos', locationConstraint: 'ring-paris:ingest' });
  await call('POST', '/v1/buckets/photos/pause', { resumeAt: '2999-01-01T00:00:00Z' });
  await call('POST', '/v1/buckets/photos/pause', { resumeAt: '2999-01-01T00:00:00Z' }); // nothing new
  await call('POST', '/v1/buckets/photos/resume');
  await call('POST', '/v1/buckets/photos/resume'); // nothing new
  await call('DELETE', '/v1/buckets/photos');
  await call('POST', '/v1/locations/ring-paris/check'); // no change of state
  await call('DELETE', '/v1/locations/ring-paris');
}

const expected = {
  'ring-paris': ['LocationCreated', 'LocationUpdated', 'LocationDeleted'],
  photos: ['BucketMirrored', 'MirrorPaused', 'MirrorResumed', 'BucketDetached'],
};

function expectLife(messages: readonly Message[]): void {
  for (const [key, types] of Object.entries(expected)) {
    const own = messages.filter((message) => message.key === key);
    expect(own.map(typeOf)).toEqual(types);
    for (const [index, message] of own.entries()) {
      const type = typeOf(message) as keyof typeof eventSchemas;
      expect(eventSchemas[type].parse(message.value)).toEqual(message.value);
      expect(message.headers).toMatchObject({ ce_specversion: '1.0', ce_source: 'config', ce_subject: key });
      const earlier = own[index - 1];
      if (earlier) expect(compareTimes(earlier.value.revision, message.value.revision)).toBeLessThan(0);
    }
  }
  expect(new Set(messages.map(({ headers }) => headers.ce_id)).size).toBe(messages.length);
  const paused = messages.find((message) => typeOf(message) === 'MirrorPaused');
  expect(paused?.value).toMatchObject({ paused: true, resumeAt: '2999-01-01T00:00:00.000Z', location: 'ring-paris' });
}

describe('the events of config', () => {
  it('say each change of state once, in order, with a revision that grows', async () => {
    const config = await startTestConfig();
    try {
      await liveThrough(config);
      expectLife(await messagesOf(config, 7));
      await waitFor(async () => (await config.database.db.collection('config.outbox').countDocuments()) === 0, {
        what: 'an empty outbox',
      });
    } finally {
      await config.stop();
    }
  });

  it('say nothing of what was refused', async () => {
    const config = await startTestConfig();
    try {
      await config.call('POST', '/v1/buckets', { body: { name: 'photos', locationConstraint: 'nowhere:ingest' } });
      await config.call('POST', '/v1/locations', { body: locationOn('no-such-bucket', 'ring-paris') });
      await config.call('DELETE', '/v1/locations/ring-paris');
      expect(await config.database.db.collection('config.outbox').countDocuments()).toBe(0);
    } finally {
      await config.stop();
    }
  });

  it('end a pause at its hour', async () => {
    const config = await startTestConfig();
    try {
      await config.call('POST', '/v1/locations', { body: locationOn(target.bucket, 'ring-paris') });
      await config.call('POST', '/v1/buckets', { body: { name: 'photos', locationConstraint: 'ring-paris:ingest' } });
      const resumeAt = new Date(Date.now() + 1_000).toISOString();
      await config.call('POST', '/v1/buckets/photos/pause', { body: { resumeAt } });
      const messages = await messagesOf(config, 4);
      expect(messages.filter(({ key }) => key === 'photos').map(typeOf)).toEqual([
        'BucketMirrored',
        'MirrorPaused',
        'MirrorResumed',
      ]);
    } finally {
      await config.stop();
    }
  });
});

describe('with Kafka stopped', () => {
  let kafka: RunningKafka;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-kafka-'));
    kafka = await startKafka({ dataDir: folder });
  });
  afterAll(async () => {
    await kafka.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('every call is answered, and its events arrive when Kafka is back', async () => {
    await kafka.stop();
    const config = await startTestConfig({ KAFKA_BROKERS: kafka.brokers.join(',') });
    try {
      await liveThrough(config);
      expect(await config.database.db.collection('config.outbox').countDocuments()).toBe(7);
      expect((await fetch(`${config.service.url}/readyz`)).status).toBe(200);
      await kafka.start();
      expectLife(await messagesOf(config, 7));
    } finally {
      await config.stop();
    }
  });

  it('and the service started anew meanwhile, they arrive too', async () => {
    const config = await startTestConfig({ KAFKA_BROKERS: kafka.brokers.join(',') });
    await kafka.stop();
    await config.call('POST', '/v1/locations', { body: locationOn(target.bucket, 'ring-paris') });
    await config.service.stop();
    const again = await startConfig(config.env, { logger: createLogger('config', 'silent') });
    try {
      await kafka.start();
      const messages = await messagesOf(config, 1);
      expect(messages.map(typeOf)).toEqual(['LocationCreated']);
    } finally {
      await again.stop();
      await config.database.drop();
    }
  });
});
