import { randomUUID } from 'node:crypto';
import { type CloudEvent, type EventData, type EventType, type ObjectChanged, topics } from '@mirror/events';
import { EventProducer, KafkaConnection } from '@mirror/kafka';
import { Namespace } from '@mirror/namespace';
import { createLogger, parseEnv, type RunningService } from '@mirror/runtime';
import { type FreshDatabase, freshDatabase, freshName, testServers, waitFor } from '@mirror/testing';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metadataEnv } from '../src/env.js';
import { startMetadata } from '../src/start.js';

const SERVICE_TOKEN = randomUUID();
const logger = createLogger('test', 'silent');
const prefix = `${freshName('metadata')}.`;
let database: FreshDatabase;
let namespace: Namespace;
let kafka: KafkaConnection;
let producer: EventProducer;
let service: RunningService;

const start = () => {
  const env = {
    MONGODB_URL: database.url,
    KAFKA_BROKERS: testServers().kafkaBrokers.join(','),
    TOPIC_PREFIX: prefix,
    SERVICE_TOKEN,
    PORT: '0',
  };
  return startMetadata(parseEnv(metadataEnv, env), logger);
};

beforeAll(async () => {
  database = await freshDatabase('metadata');
  namespace = new Namespace(database.db);
  const brokers = testServers().kafkaBrokers;
  kafka = new KafkaConnection({ brokers, clientId: 'test', topicPrefix: prefix, compression: 'none', logger });
  await kafka.ensureTopics([topics.buckets, topics.objectChanges]);
  producer = new EventProducer(kafka);
  await producer.start();
  service = await start();
});

afterAll(async () => {
  await service?.stop();
  await producer?.stop();
  await kafka?.stop();
  await database?.drop();
});

const now = () => new Date().toISOString();

function event<T extends EventType>(type: T, subject: string, data: EventData<T>): CloudEvent<T> {
  return { id: randomUUID(), type, source: 'test', subject, time: now(), data };
}

let revision = 1n;
function mirror(type: 'BucketMirrored' | 'BucketDetached', bucket: string, mirrorId: string): CloudEvent {
  revision += 1n;
  const state = {
    bucket,
    mirrorId,
    revision: `${revision}`,
    location: 'ring',
    paused: false,
    resumeAt: null,
    createdAt: now(),
  };
  return event(type, bucket, state);
}

const seconds = () => BigInt(Math.floor(Date.now() / 1000));
let tick = 0n;
function changed(bucket: string, mirrorId: string, key: string, fields: Partial<ObjectChanged> = {}): CloudEvent {
  tick += 1n;
  const data: ObjectChanged = {
    mirrorId,
    bucket,
    key,
    versionId: 'v1',
    kind: 'version',
    isLatest: true,
    place: 0,
    size: 3,
    etag: 'abc',
    lastModified: now(),
    storageClass: 'STANDARD',
    startedAt: `${(seconds() << 32n) + 10n * tick}`,
    endedAt: `${(seconds() << 32n) + 10n * tick + 5n}`,
    ...fields,
  };
  return event('ObjectChanged', `${bucket}/${key}`, data);
}

async function isApplied(position: Readonly<Record<number, string>>): Promise<boolean> {
  const document = await namespace.positions.findOne({ _id: kafka.topicName(topics.objectChanges) });
  return Object.entries(position).every(([partition, next]) => Number(document?.next[partition] ?? -1) >= Number(next));
}

async function publish(...events: CloudEvent[]): Promise<void> {
  const position = await producer.send(topics.objectChanges, events);
  await waitFor(() => isApplied(position), { what: 'the changes to be applied', timeoutMs: 30_000 });
}

async function figures(mirrorId: string): Promise<unknown> {
  const response = await fetch(`${service.url}/internal/v1/mirrors/${mirrorId}/figures`, {
    headers: { authorization: `Bearer ${SERVICE_TOKEN}` },
  });
  return response.json();
}

const documents = (mirrorId: string) =>
  namespace
    .versions(mirrorId)
    .find({}, { sort: { _id: 1 } })
    .toArray();

describe('the metadata service', () => {
  it('applies the changes of a mirror that was made a moment ago, and counts them', async () => {
    await namespace.segments.insertOne({ _id: { m: 'm1', a: '' }, writes: 0, figures: null } as never);
    await producer.send(topics.buckets, [mirror('BucketMirrored', 'photos', 'm1')]);
    await publish(changed('photos', 'm1', 'a'), changed('photos', 'm1', 'b'), changed('photos', 'm1', '\u{1F600}'));
    expect((await documents('m1')).map(({ _id }) => _id.k)).toEqual(['a', 'b', '\u{1F600}']);
    expect(await figures('m1')).toEqual({ versions: { mirrored: 3, currentObjects: 3, deleteMarkers: 0, bytes: 9 } });
  });

  it('neither applies nor dead-letters what belongs to another life of the bucket', async () => {
    await publish(changed('photos', 'm0', 'ghost'));
    expect(await documents('m0')).toEqual([]);
  });

  it('dead-letters what is older than its tombstones, with its reason, and applies the rest of the batch', async () => {
    const old = `${(seconds() - 15n * 86_400n) << 32n}`;
    await publish(changed('photos', 'm1', 'old', { startedAt: old, endedAt: old }), changed('photos', 'm1', 'young'));
    expect((await documents('m1')).map(({ _id }) => _id.k)).toContain('young');
    expect((await documents('m1')).map(({ _id }) => _id.k)).not.toContain('old');
    const [letter] = await deadLetters(1);
    expect(letter?.headers?.dlq_code?.toString()).toBe('CHANGE.TOO_OLD');
  });

  it('changes no document when the whole topic is replayed from its start', async () => {
    await publish(changed('photos', 'm1', 'b', { kind: 'removal' }), changed('photos', 'm1', 'a', { etag: 'second' }));
    const before = await documents('m1');
    await service.stop();
    await namespace.positions.deleteMany({});
    const admin = new Kafka({ brokers: testServers().kafkaBrokers, logLevel: logLevel.NOTHING }).admin();
    const topic = kafka.topicName(topics.objectChanges);
    await admin.connect();
    await admin.resetOffsets({ groupId: kafka.groupName('metadata'), topic, earliest: true });
    const ends = Object.fromEntries(
      (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, high]),
    );
    const filled = Object.fromEntries(Object.entries(ends).filter(([, high]) => high !== '0'));
    await admin.disconnect();
    service = await start();
    await waitFor(() => isApplied(filled), { what: 'the replay to end', timeoutMs: 30_000 });
    expect(await documents('m1')).toEqual(before);
  });

  it('voids all confirmations when the database was set back behind the committed offsets', async () => {
    const id = { m: 'm1', a: '' };
    const confirm = () => namespace.segments.updateOne({ _id: id }, { $set: { hash: 'confirmed' } });
    // An event of another life touches no segment: what voids the confirmation is the gap before it.
    await confirm();
    await publish(changed('photos', 'm0', 'in order'));
    expect(await namespace.segments.findOne({ _id: id })).toMatchObject({ hash: 'confirmed' });
    await namespace.positions.deleteMany({});
    await publish(changed('photos', 'm0', 'in order'));
    expect(await namespace.segments.findOne({ _id: id })).toMatchObject({ hash: null });
  });

  it('drops the documents of a mirror that was detached, and keeps the others', async () => {
    await producer.send(topics.buckets, [mirror('BucketMirrored', 'films', 'm2')]);
    await publish(changed('films', 'm2', 'a'));
    await producer.send(topics.buckets, [mirror('BucketDetached', 'photos', 'm1')]);
    await waitFor(async () => !(await namespace.mirrorIds()).includes('m1'), { what: 'the mirror to be dropped' });
    expect(await documents('m2')).toHaveLength(1);
  });

  it('answers its internal API only to the service token', async () => {
    const response = await fetch(`${service.url}/internal/v1/mirrors/m2/figures`);
    expect(response.status).toBe(401);
    expect((await fetch(`${service.url}/livez`)).status).toBe(200);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${service.url}/metrics`)).text()).toContain('mirror_namespace_writes_total');
  });
});

async function deadLetters(count: number): Promise<Array<{ headers?: Record<string, unknown> }>> {
  const consumer = new Kafka({ brokers: testServers().kafkaBrokers, logLevel: logLevel.NOTHING }).consumer({
    groupId: freshName('dead-letters'),
    maxWaitTimeInMs: 50, // else the disconnect waits for a fetch of five seconds
  });
  const letters: Array<{ headers?: Record<string, unknown> }> = [];
  await consumer.connect();
  await consumer.subscribe({
    topic: kafka.deadLetterTopicName(topics.objectChanges, 'metadata'),
    fromBeginning: true,
  });
  await consumer.run({ eachMessage: async ({ message }) => void letters.push(message) });
  await waitFor(() => letters.length >= count, { what: 'the dead letters', timeoutMs: 30_000 });
  await consumer.disconnect();
  return letters;
}
