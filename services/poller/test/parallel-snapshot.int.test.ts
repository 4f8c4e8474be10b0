import { randomUUID } from 'node:crypto';
import { Namespace } from '@mirror/namespace';
import {
  type FreshDatabase,
  freshDatabase,
  type ListingServer,
  seededRandom,
  startListingServer,
  type VersionedBucket,
  waitFor,
} from '@mirror/testing';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SegmentRanges } from '../src/state/segment-ranges.js';
import { FIRST_CREDIT, REQUESTS_A_PAGE, SPLIT_COST } from '../src/visit/split-credit.js';
import { liveVersion } from './live-version.js';
import { type Polling, startPolling } from './polling.js';

const KEYS = 30_000;
/** What a first snapshot may take in all: more than a page's worth costs is paid from its credit. */
const ON_CREDIT = Math.ceil(((KEYS + 2_500) / 1_000) * REQUESTS_A_PAGE) + FIRST_CREDIT + SPLIT_COST;

let database: FreshDatabase;
let mongo: MongoClient;
let namespace: Namespace;
let server: ListingServer;

beforeAll(async () => {
  database = await freshDatabase('parallel-snapshot');
  mongo = await MongoClient.connect(database.url);
  namespace = new Namespace(mongo.db());
  server = await startListingServer({ personality: 'plain', seed: fill, faults: { latencyMs: 20 } });
});

afterAll(async () => {
  await server.stop();
  await mongo.close();
  await database.drop();
});

/** Hashed keys, some in folders, and one key of more versions than two pages hold. */
function fill(bucket: VersionedBucket): void {
  const random = seededRandom(3);
  const hex = () =>
    Math.floor(random() * 2 ** 44)
      .toString(16)
      .padStart(11, '0');
  for (let index = 0; index < KEYS; index += 1) bucket.put(index % 3 === 0 ? `d/${hex()}` : hex(), { body: '' });
  for (let index = 0; index < 2_500; index += 1) bucket.put('m/hot', { body: '' });
}

const openRanges = (mirrorId: string) => namespace.segments.countDocuments({ '_id.m': mirrorId, open: true });

async function untilListed(mirrorId: string): Promise<void> {
  const isListed = async () =>
    (await namespace.segments.countDocuments({ '_id.m': mirrorId })) > 1 && (await openRanges(mirrorId)) === 0;
  await waitFor(isListed, { what: 'every range to be listed', timeoutMs: 60_000, intervalMs: 20 });
}

const identities = (pollings: readonly Polling[]) =>
  pollings.flatMap(({ changes }) => changes.map(({ key, versionId }) => `${key} ${versionId}`)).sort();

const truth = () =>
  [...server.contents.keys()]
    .flatMap((key) => server.contents.versionsOf(key).map(({ versionId }) => `${key} ${versionId}`))
    .sort();

describe('the first snapshot', () => {
  it('is listed by many ranges at once, each version once, and the ranges fill a page', async () => {
    const mirrorId = randomUUID();
    const before = server.listings.length;
    const polling = await startPolling(mongo, server, { mirrorId, visitsAtOnce: 8 });
    await waitFor(async () => (await openRanges(mirrorId)) >= 5, { what: 'ranges to be split', intervalMs: 5 });
    await untilListed(mirrorId);
    await polling.stop();
    expect(identities([polling])).toEqual(truth());
    expect(server.listings.length - before).toBeLessThanOrEqual(ON_CREDIT);
    const { versions } = (await polling.segments.coverage(mirrorId, new Date(0))) ?? {};
    expect(versions).toBe(KEYS + 2_500);
  });

  it('is not held up by ranges that are overdue again: they rest until nothing is left to be listed', async () => {
    const mirrorId = randomUUID();
    const before = server.listings.length;
    const polling = await startPolling(mongo, server, { mirrorId, visitsAtOnce: 8, intervalMs: 1 });
    await untilListed(mirrorId);
    const requests = server.listings.length - before;
    await polling.stop();
    // As many as if nothing were due again: a snapshot of seconds lists no range twice.
    expect(requests).toBeLessThanOrEqual(ON_CREDIT);
  });

  it('is complete before anything is described', async () => {
    const mirrorId = randomUUID();
    const key = 'm/hot';
    const { versionId = '', etag = '' } = server.contents.find(key) ?? {};
    await namespace.versions(mirrorId).insertOne(liveVersion(key, versionId, etag));
    await new SegmentRanges(mongo, namespace).createFirst(mirrorId);
    const undescribed = { $set: { undescribed: true, visitedAt: new Date() } };
    await namespace.segments.updateOne({ _id: { m: mirrorId, a: '' } }, undescribed);
    const polling = await startPolling(mongo, server, { mirrorId, visitsAtOnce: 2 });
    const described = () => polling.changes.filter(({ description }) => description).map((change) => change.key);
    await untilListed(mirrorId);
    expect(described()).toEqual([]);
    const complete = { $set: { snapshotCompletedAt: new Date() } };
    await mongo.db().collection<{ _id: string }>('mirrorProgress').updateOne({ _id: mirrorId }, complete);
    await waitFor(() => described().includes(key), { what: 'the version to be described', timeoutMs: 20_000 });
    await polling.stop();
  });

  it('is shared by two pollers, and nothing is listed by both', async () => {
    const mirrorId = randomUUID();
    const options = { mirrorId, visitsAtOnce: 3, pollers: 2 };
    const pollings = [await startPolling(mongo, server, options), await startPolling(mongo, server, options)];
    await untilListed(mirrorId);
    await Promise.all(pollings.map((polling) => polling.stop()));
    expect(identities(pollings)).toEqual(truth());
    for (const { changes } of pollings) expect(changes.length).toBeGreaterThan(KEYS / 5);
  });

  it('goes on inside a key of many versions when its poller ends, and lists no page of it again', async () => {
    const mirrorId = randomUUID();
    const key = 'a/key of many versions';
    const hot = await startListingServer({
      personality: 's3Connector',
      seed: (bucket) => {
        for (let index = 0; index < 8_000; index += 1) bucket.put(key, { body: '' });
        bucket.put('b', { body: '' });
      },
      faults: { latencyMs: 20 },
    });
    const pollings: Polling[] = [];
    const segment = () => namespace.segments.findOne({ _id: { m: mirrorId, a: '' } });
    for (const versions of [2_000, 5_000]) {
      pollings.push(await startPolling(mongo, hot, { mirrorId, visitsAtOnce: 4 }));
      const isThere = async () => ((await segment())?.walk?.listed ?? 0) >= versions;
      await waitFor(isThere, { what: `${versions} versions to be listed`, timeoutMs: 60_000, intervalMs: 5 });
      await pollings.at(-1)?.stop();
    }
    pollings.push(await startPolling(mongo, hot, { mirrorId, visitsAtOnce: 4 }));
    await untilListed(mirrorId);
    await pollings.at(-1)?.stop();
    const changes = pollings.flatMap((polling) => polling.changes);
    const inOrder = hot.contents.versionsOf(key).map(({ versionId }, place) => ({ versionId, place }));
    const walked = new Map(changes.filter((change) => change.key === key).map((change) => [change.versionId, change]));
    expect(inOrder.filter(({ versionId, place }) => walked.get(versionId)?.place !== place)).toEqual([]);
    expect(changes.some((change) => change.key === 'b')).toBe(true);
    // Eight pages, one for what comes after the key, and one each that was under way when a poller ended.
    expect(hot.listings.length).toBeLessThanOrEqual(8 + 1 + 1 + 2 + 1);
    expect(await segment()).toMatchObject({ count: 8_000, open: false, walk: null, hash: null });
    await hot.stop();
  });

  it('goes on where it was when its poller ends, and lists nothing again that was published', async () => {
    const mirrorId = randomUUID();
    const pollings: Polling[] = [];
    for (let life = 0; life < 4; life += 1) {
      const polling = await startPolling(mongo, server, { mirrorId, visitsAtOnce: 4 });
      pollings.push(polling);
      await waitFor(async () => polling.changes.length > 3_000, { what: 'some to be listed', intervalMs: 5 });
      await polling.stop();
    }
    const last = await startPolling(mongo, server, { mirrorId, visitsAtOnce: 4 });
    await untilListed(mirrorId);
    await last.stop();
    expect(identities([...pollings, last])).toEqual(truth());
  });
});
