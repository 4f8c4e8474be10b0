import { randomUUID } from 'node:crypto';
import { type CloudEvent, type ObjectChanged, topics } from '@mirror/events';
import { EventProducer, KafkaConnection, type Position } from '@mirror/kafka';
import { applyWrites, Namespace, readRange, toTimestamp, type VersionWrite } from '@mirror/namespace';
import { createLogger } from '@mirror/runtime';
import { type FreshDatabase, freshDatabase, freshName, SimulatedBucket, testServers } from '@mirror/testing';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeMirror } from '../src/fake-mirror.js';
import { FakeTopic } from '../src/fake-topic.js';

const bucket = new SimulatedBucket('hashed', 240, 1);
const all = bucket.page({ keyMarker: '', versionIdMarker: '' }, '', 240).versions;
const keys = [...new Set(all.map(({ key }) => key))];

/** What a first visit publishes of these versions, all of their keys'. */
function changesOf(from: number, to: number, times = { startedAt: '10', endedAt: '20' }): ObjectChanged[] {
  return all.slice(from, to).map(({ key, versionId, kind, isLatest, size, etag, lastModified }, index, some) => {
    const place = some.slice(0, index).filter((other) => other.key === key).length;
    const isMarker = kind === 'deleteMarker';
    const facts = { size: isMarker ? 0 : size, etag: isMarker ? '' : etag, storageClass: isMarker ? '' : 'STANDARD' };
    return { mirrorId: 'm', bucket: 'b', key, versionId, kind, isLatest, place, lastModified, ...facts, ...times };
  });
}

const removalOf = (change: ObjectChanged): ObjectChanged => ({
  ...change,
  kind: 'removal',
  startedAt: '30',
  endedAt: '40',
});

interface MirrorUnderTest {
  apply(changes: readonly ObjectChanged[]): Promise<void>;
  readRange(after: string, end: string | null): Promise<object[]>;
}

function describeMirror(open: () => Promise<MirrorUnderTest>): void {
  let mirror: MirrorUnderTest;
  beforeEach(async () => {
    mirror = await open();
  });

  it('is empty before anything was applied', async () => {
    expect(await mirror.readRange('', null)).toEqual([]);
  });

  it('reads what was applied, by key, then version id', async () => {
    const changes = changesOf(0, 240);
    await mirror.apply(changes);
    const read = await mirror.readRange('', null);
    const byId = (a: ObjectChanged, b: ObjectChanged) =>
      a.key === b.key ? (a.versionId < b.versionId ? -1 : 1) : a.key < b.key ? -1 : 1;
    expect(read).toEqual(
      changes.sort(byId).map(({ key, versionId, kind, place, size, etag, storageClass, lastModified }) => ({
        _id: { k: key, v: versionId },
        ...{ kind, place, size, etag, storageClass },
        lastModified: new Date(lastModified),
        listedAt: toTimestamp('20'),
      })),
    );
  });

  it('reads a range: keys after its begin, up to and with its end', async () => {
    await mirror.apply(changesOf(0, 120));
    const [after = '', end = ''] = [keys[10], keys[20]];
    const expected = all.filter(({ key }) => key > after && key <= end).map(({ versionId }) => versionId);
    const read = (await mirror.readRange(after, end)) as { _id: { v: string } }[];
    expect(read.map(({ _id }) => _id.v).sort()).toEqual(expected.sort());
    expect(await mirror.readRange(keys[110] ?? '', null)).toEqual([]);
  });

  it('forgets what was removed, and is not changed by a replay', async () => {
    const changes = changesOf(0, 60);
    await mirror.apply(changes);
    await mirror.apply(changes.slice(0, 12).map(removalOf));
    await mirror.apply(changes.slice(12));
    expect(await mirror.readRange('', null)).toHaveLength(48);
  });
}

describe('a mirror in the database', () => {
  let database: FreshDatabase;
  let client: MongoClient;
  beforeAll(async () => {
    database = await freshDatabase('fakes');
    client = await MongoClient.connect(database.url);
  });
  afterAll(async () => {
    await client.close();
    await database.drop();
  });

  describeMirror(async () => {
    const namespace = new Namespace(client.db());
    const mirrorId = randomUUID();
    await namespace.prepareMirror(mirrorId);
    const apply = async (changes: readonly ObjectChanged[]) =>
      void (await applyWrites(namespace.versions(mirrorId), changes.map(writeOf), false));
    return { apply, readRange: (after, end) => readRange(namespace, mirrorId, after, end) };
  });
});

describe('the fake mirror', () => {
  describeMirror(async () => {
    const mirror = new FakeMirror(bucket);
    return {
      apply: async (changes) => mirror.apply(changes),
      readRange: async (after, end) => mirror.readRange(after, end),
    };
  });
});

function writeOf({ key, versionId, kind, place, size, etag, storageClass, ...times }: ObjectChanged): VersionWrite {
  const id = { k: key, v: versionId };
  const observed = { startedAt: toTimestamp(times.startedAt), endedAt: toTimestamp(times.endedAt) };
  const facts = { place, size, etag, storageClass, lastModified: new Date(times.lastModified) };
  if (kind === 'removal') return { kind: 'remove', id, observed, facts: { kind: 'version', ...facts } };
  return { kind: 'put', id, observed, facts: { kind, ...facts }, described: null };
}

function eventOf(data: ObjectChanged): CloudEvent<'ObjectChanged'> {
  const { key, versionId, lastModified: time } = data;
  return { id: versionId, type: 'ObjectChanged', source: 'poller', subject: `b/${key}`, time, data };
}

function describeTopic(open: () => (events: readonly CloudEvent[]) => Promise<Position>): void {
  const total = (position: Position) => Object.values(position).reduce((sum, offset) => sum + Number(offset), 0);

  it('answers the offset after the last event of each partition that it wrote to', async () => {
    const send = open();
    const before = await send([]);
    expect(before).toEqual({});
    const first = await send(changesOf(0, 100).map(eventOf));
    const second = await send(changesOf(0, 100).map(eventOf));
    expect(Object.keys(second)).toEqual(Object.keys(first)); // the same keys go to the same partitions
    expect(total(second) - total(first)).toBe(100);
    for (const [partition, offset] of Object.entries(first)) {
      expect(Number(second[Number(partition)])).toBeGreaterThan(Number(offset));
    }
  });
}

describe('the topic of object changes', () => {
  const logger = createLogger('test', 'silent');
  const connection = new KafkaConnection({
    brokers: testServers().kafkaBrokers,
    clientId: 'test',
    topicPrefix: `${freshName('fakes')}.`,
    compression: 'none',
    logger,
  });
  const producer = new EventProducer(connection);
  beforeAll(() => connection.ensureTopics([topics.objectChanges], 'metadata'));
  afterAll(async () => {
    await producer.stop();
    await connection.stop();
  });

  describeTopic(() => (events) => producer.send(topics.objectChanges, events));
});

describe('the fake topic', () => {
  describeTopic(() => {
    const topic = new FakeTopic();
    return async (events) => topic.send(events);
  });
});
