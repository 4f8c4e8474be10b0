import { type FreshDatabase, freshDatabase } from '@mirror/testing';
import { Timestamp } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bumpWriteCounters, compareKeys, mirrorFigures, Namespace, type Segment } from '../src/index.js';

let database: FreshDatabase;
let namespace: Namespace;

beforeAll(async () => {
  database = await freshDatabase('segments');
  namespace = new Namespace(database.db);
});
afterAll(() => database.drop());

async function segmentsAt(mirrorId: string, ...boundaries: string[]): Promise<void> {
  const segments = boundaries.map((a) => ({ _id: { m: mirrorId, a }, writes: 0, figures: null }) as unknown as Segment);
  await namespace.segments.insertMany(segments);
}

async function writesOf(mirrorId: string): Promise<Record<string, number>> {
  const segments = await namespace.segments.find({ '_id.m': mirrorId }).toArray();
  return Object.fromEntries(segments.map(({ _id, writes }) => [_id.a, writes]));
}

const bump = (mirrorId: string, ...keys: string[]) =>
  bumpWriteCounters(namespace.segments, mirrorId, keys, (key, end) => compareKeys(key, end) > 0);

let place = 0;
async function store(mirrorId: string, key: string, kind: 'version' | 'deleteMarker', size: number): Promise<void> {
  place -= 1; // each is the latest of its key
  await namespace.versions(mirrorId).insertOne({
    _id: { k: key, v: `v${place}` },
    live: true,
    kind,
    place,
    size,
    etag: '',
    lastModified: new Date(),
    storageClass: 'STANDARD',
    listedAt: new Timestamp({ t: 1, i: 1 }),
    description: null,
    describedAt: null,
  });
}

describe('bumpWriteCounters', () => {
  it('bumps once each segment that holds one of the keys; a boundary belongs to the segment it ends', async () => {
    await segmentsAt('bump', '', 'f', 'm', '\u{1F600}');
    await bump('bump', 'a', 'f', 'z', '\uFFFF', '\u{1F600}');
    expect(await writesOf('bump')).toEqual({ '': 1, f: 0, m: 1, '\u{1F600}': 0 });
    await bump('bump', 'g', '\u{1F601}');
    expect(await writesOf('bump')).toEqual({ '': 1, f: 1, m: 1, '\u{1F600}': 1 });
  });

  it('voids the confirmation of what it bumps: the change may be older than the last comparison', async () => {
    await segmentsAt('void', '', 'm');
    await namespace.segments.updateMany({ '_id.m': 'void' }, { $set: { hash: 'confirmed' } });
    await bump('void', 'a');
    const hashes = (await namespace.segments.find({ '_id.m': 'void' }, { sort: { _id: 1 } }).toArray()).map(
      ({ hash }) => hash,
    );
    expect(hashes).toEqual([null, 'confirmed']);
  });

  it('touches no other mirror, and minds no mirror without segments', async () => {
    await segmentsAt('bump-b', '');
    await bump('bump-a', 'x');
    await bump('bump-c', 'x');
    expect(await writesOf('bump-b')).toEqual({ '': 0 });
  });
});

describe('mirrorFigures', () => {
  it('counts versions, markers, bytes and current objects, a key with a marker on top being none', async () => {
    await segmentsAt('count', '', 'm');
    await store('count', 'a', 'version', 5);
    await store('count', 'a', 'version', 7);
    await store('count', 'm', 'version', 1);
    await store('count', 'm', 'deleteMarker', 0);
    await store('count', 'n', 'version', 100);
    expect(await mirrorFigures(namespace, 'count')).toEqual({
      mirrored: 5,
      currentObjects: 2,
      deleteMarkers: 1,
      bytes: 113,
    });
  });

  it('counts a written segment anew, and believes one that was not written', async () => {
    await segmentsAt('recount', '');
    await store('recount', 'a', 'version', 5);
    expect(await mirrorFigures(namespace, 'recount')).toMatchObject({ mirrored: 1 });
    await store('recount', 'b', 'version', 5);
    expect(await mirrorFigures(namespace, 'recount')).toMatchObject({ mirrored: 1 });
    await bump('recount', 'b');
    expect(await mirrorFigures(namespace, 'recount')).toMatchObject({ mirrored: 2, bytes: 10 });
  });
});
