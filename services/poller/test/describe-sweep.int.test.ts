import { randomUUID } from 'node:crypto';
import type { ObjectChanged } from '@mirror/events';
import { applyWrites, Namespace, type Positions, readLogicalClock, toTimestamp } from '@mirror/namespace';
import { createLogger } from '@mirror/runtime';
import { type FreshDatabase, freshDatabase, type ListingServer, startListingServer, waitFor } from '@mirror/testing';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConnectorAccess } from '../src/connector/connector-access.js';
import { RequestBudget } from '../src/connector/request-budget.js';
import { SweepStore } from '../src/state/sweep-store.js';
import { DescriptionSweep } from '../src/visit/describe-sweep.js';
import { accessTo, recordingProducer, startPolling } from './polling.js';

/** Metadata and tags that a listing does not show, in a mirror that is equal to its connector but for them. */

/** More than the sweep reads at once, twice over. */
const KEYS = 45;
const keyOf = (index: number) => `k${String(index).padStart(2, '0')}`;
const none: Positions = new Map();

let database: FreshDatabase;
let mongo: MongoClient;
let namespace: Namespace;
let sweeps: SweepStore;
let server: ListingServer;
let connector: ConnectorAccess;
const stopping = new AbortController();
let mirrorId: string;
let changes: ObjectChanged[];

beforeAll(async () => {
  database = await freshDatabase('describe-sweep');
  mongo = await MongoClient.connect(database.url);
  namespace = new Namespace(mongo.db());
  sweeps = new SweepStore(namespace);
  await sweeps.init();
});

/** Two ranges, up to and with k29 and the rest, whose descriptions are two and one hours old. */
beforeEach(async () => {
  server = await startListingServer({ personality: 's3Connector' });
  for (let index = 0; index < KEYS; index += 1) {
    server.contents.put(keyOf(index), { body: `${index}`, tags: new Map([['n', `${index}`]]) });
  }
  connector = accessTo(server, stopping.signal);
  changes = [];
  mirrorId = randomUUID();
  await namespace.prepareMirror(mirrorId);
  await mirrorAll();
  const visited = { writes: 0, visitedAt: new Date(), undescribed: false };
  await namespace.segments.insertMany([
    { _id: { m: mirrorId, a: '' }, ...visited, describedSince: hoursAgo(2) },
    { _id: { m: mirrorId, a: keyOf(29) }, ...visited, describedSince: hoursAgo(1) },
  ] as never[]);
  return () => server.stop();
});

afterAll(async () => {
  stopping.abort();
  await mongo.close();
  await database.drop();
});

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);

async function mirrorAll(): Promise<void> {
  const now = toTimestamp(await readLogicalClock(namespace.db));
  const writes = [...server.contents.keys()].flatMap((key) =>
    server.contents.versionsOf(key).map(({ versionId, etag, body, lastModified, tags }) => ({
      kind: 'put' as const,
      id: { k: key, v: versionId },
      facts: { kind: 'version' as const, place: 0, size: body.length, etag, lastModified, storageClass: 'STANDARD' },
      observed: { startedAt: now, endedAt: now },
      described: {
        description: { contentType: 'application/octet-stream', headers: [], metadata: [], tags: [...tags] },
        describedFrom: now,
        describedAt: now,
      },
    })),
  );
  await applyWrites(namespace.versions(mirrorId), writes, false);
}

/** As `metadata` does it. */
async function applyAll(): Promise<void> {
  const writes = changes.flatMap(({ key, versionId, etag, description }) => {
    if (!description) throw new Error('the sweep tells of descriptions alone');
    const { contentType, headers, metadata, tags, describedFrom, describedAt } = description;
    const pairs = { headers: Object.entries(headers), metadata: Object.entries(metadata), tags: Object.entries(tags) };
    const described = {
      description: { contentType, ...pairs },
      describedFrom: toTimestamp(describedFrom),
      describedAt: toTimestamp(describedAt),
    };
    return [{ kind: 'describe' as const, id: { k: key, v: versionId }, etag, described }];
  });
  await applyWrites(namespace.versions(mirrorId), writes, false);
  changes.length = 0;
}

const unlimited = () => new RequestBudget(1_000, 1_000, () => Date.now());
const sweepOf = (settings: { ageSeconds?: number; budget?: RequestBudget } = {}, position = {}): DescriptionSweep =>
  new DescriptionSweep(
    { mirrorId, bucket: 'photos' },
    { namespace, sweeps, producer: recordingProducer(changes, position), logger: createLogger('poller', 'silent') },
    { ageSeconds: 3_000, budget: unlimited(), ...settings },
  );

/** Until nothing is old enough any more. Answers how many steps it took. */
async function sweepAll(sweep = sweepOf(), positions = none): Promise<number> {
  for (let steps = 0; ; steps += 1) if (!(await sweep.step(connector, positions))) return steps;
}

function setTags(key: string, tags: Record<string, string>): void {
  const latest = server.contents.find(key);
  if (!latest) throw new Error(`no ${key}`);
  server.contents.setTags(latest, new Map(Object.entries(tags)));
}

const said = () => changes.map(({ key, description }) => [key, description?.tags]);
const segmentAt = (after: string) => namespace.segments.findOne({ _id: { m: mirrorId, a: after } });
/** Of the oldest description, in hours: the tests take seconds. */
const age = async () => Math.round((Date.now() - ((await sweeps.oldest(mirrorId))?.getTime() ?? 0)) / 3_600_000);

describe('the description sweep', () => {
  it('says what changed without a trace in the listing, in every range, and once', async () => {
    setTags(keyOf(7), { n: 'other' });
    setTags(keyOf(22), {});
    setTags(keyOf(44), { n: '44', more: 'yes' });
    await sweepAll();
    expect(said()).toEqual([
      [keyOf(7), { n: 'other' }],
      [keyOf(22), {}],
      [keyOf(44), { n: '44', more: 'yes' }],
    ]);
    const [first] = changes;
    expect(first?.startedAt).toBe(first?.endedAt); // it says nothing of the listing
    await applyAll();
    await namespace.segments.updateMany({ '_id.m': mirrorId }, { $set: { describedSince: hoursAgo(2) } });
    expect(await sweepAll()).toBeGreaterThan(0);
    expect(said()).toEqual([]);
  });

  it('says nothing of a version that is another one by now', async () => {
    const stored = { contentType: 'text/plain', headers: [], metadata: [], tags: [] };
    await namespace.versions(mirrorId).updateOne({ '_id.k': keyOf(1) }, { $set: { etag: 'f'.repeat(32) } });
    await namespace.versions(mirrorId).updateOne({ '_id.k': keyOf(2) }, { $set: { description: stored } });
    await sweepAll();
    expect(changes.map(({ key, description }) => [key, description?.contentType])).toEqual([
      [keyOf(2), 'application/octet-stream'],
    ]);
  });

  it('begins with the range whose descriptions are the oldest, and shows how old the oldest one is', async () => {
    setTags(keyOf(3), { n: 'other' });
    setTags(keyOf(40), { n: 'other' });
    expect(await age()).toBe(2);
    await sweepAll(sweepOf({ ageSeconds: 5_400 }));
    expect(said()).toEqual([[keyOf(3), { n: 'other' }]]);
    expect(await age()).toBe(1);
    await sweepAll();
    expect(await age()).toBe(0);
    expect(await sweepAll()).toBe(0);
  });

  it('is shared by pollers: a range that one reads is no other one’s', async () => {
    const [one, other] = [sweepOf(), sweepOf()];
    await one.step(connector, none);
    await other.step(connector, none);
    for (const after of ['', keyOf(29)]) expect((await segmentAt(after))?.sweptUntil).toBeInstanceOf(Date);
    setTags(keyOf(0), { n: 'other' }); // both are past it
    setTags(keyOf(29), { n: 'other' });
    await sweepAll(other);
    expect(said()).toEqual([]);
    await sweepAll(one);
    expect(said()).toEqual([[keyOf(29), { n: 'other' }]]);
  });

  it('leaves a range as old as it is of which something was not answered, and asks again later', async () => {
    setTags(keyOf(29), { n: 'other' });
    const sweep = sweepOf({ ageSeconds: 5_400 });
    server.inject({ status: 403 });
    await sweep.step(connector, none);
    server.inject({});
    await sweepAll(sweep);
    expect(said()).toEqual([[keyOf(29), { n: 'other' }]]); // what was answered is said all the same
    expect(await age()).toBe(2);
    expect(await sweepAll(sweepOf({ ageSeconds: 5_400 }))).toBe(0);
    await namespace.segments.updateMany({ '_id.m': mirrorId }, { $set: { sweptUntil: new Date() } });
    await sweepAll(sweepOf({ ageSeconds: 5_400 }));
    expect(await age()).toBe(1);
  });

  it('takes no more requests than its budget has', async () => {
    let now = 0;
    const sweep = sweepOf({ budget: new RequestBudget(40, 40, () => now) });
    expect(await sweep.step(connector, none)).toBe(true);
    expect(await sweep.step(connector, none)).toBe(false);
    now += 1_000;
    expect(await sweep.step(connector, none)).toBe(true);
    expect(await sweep.step(connector, none)).toBe(false);
  });

  it('reads nothing more before what it said has been applied', async () => {
    setTags(keyOf(1), { n: 'other' });
    const sweep = sweepOf({}, { 0: '5' });
    expect(await sweep.step(connector, none)).toBe(true);
    expect(await sweep.step(connector, new Map([['0', 4n]]))).toBe(false);
    expect(await sweep.step(connector, new Map([['0', 5n]]))).toBe(true);
  });

  it('goes on beside the visits of a poller, whose listings show no difference', async () => {
    const options = { mirrorId, visitsAtOnce: 1, sweepAgeSeconds: 1 };
    await mongo.db().collection('segments').deleteMany({});
    const polling = await startPolling(mongo, server, options);
    const visited = async () => (await segmentAt(''))?.visitedAt;
    await waitFor(async () => !!(await visited()), { what: 'the first visit', timeoutMs: 20_000 });
    setTags(keyOf(11), { n: 'other' });
    await waitFor(() => polling.changes.length > 0, { what: 'the change of tags to be said', timeoutMs: 20_000 });
    await polling.stop();
    expect(polling.changes[0]).toMatchObject({ key: keyOf(11), description: { tags: { n: 'other' } } });
  });
});
