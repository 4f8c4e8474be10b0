import { type FreshDatabase, freshDatabase } from '@mirror/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  findLatest,
  findVersion,
  type ListPage,
  listObjects,
  listObjectVersions,
  Namespace,
  type ObjectEntry,
  type VersionDocument,
  type VersionEntry,
} from '../src/index.js';
import { type ModelEntry, modelOfObjects, modelOfVersions, versionDocument } from './listing-model.js';

let database: FreshDatabase;
let namespace: Namespace;
const versions = () => namespace.versions('life-1');

beforeAll(async () => {
  database = await freshDatabase('listings');
  namespace = new Namespace(database.db);
  await namespace.prepareMirror('life-1');
});
afterAll(() => database?.drop());

async function fill(documents: readonly VersionDocument[]): Promise<void> {
  await versions().deleteMany({});
  if (documents.length > 0) await versions().insertMany([...documents]);
}

const seen = (entry: ObjectEntry | VersionEntry): ModelEntry => ({
  name: entry.name,
  versionId: entry.kind === 'prefix' ? null : entry.version._id.v,
  isLatest: entry.kind === 'object' || (entry.kind === 'version' && entry.isLatest),
});

/** Pages until one is not truncated; each but the last is full. */
async function pages<E extends ObjectEntry | VersionEntry>(
  limit: number,
  read: (after: string, afterVersionId: string | null) => Promise<ListPage<E>>,
): Promise<ModelEntry[]> {
  const all: ModelEntry[] = [];
  for (let after: ModelEntry | undefined; ; after = all.at(-1)) {
    const { entries, isTruncated } = await read(after?.name ?? '', after?.versionId ?? null);
    all.push(...entries.map(seen));
    if (!isTruncated) return all;
    expect(entries).toHaveLength(limit);
  }
}

const unit = fc.constantFrom('a', 'b', '/', '/', '-', '--', 'é', '\u{e000}', '\u{ffff}', '\u{10000}', '😀', ' ', '+');
const key = fc.array(unit, { minLength: 1, maxLength: 6 }).map((units) => units.join(''));
const version = fc.record({
  kind: fc.constantFrom<VersionDocument['kind']>('version', 'version', 'deleteMarker'),
  live: fc.constantFrom(true, true, true, false),
});
const history = fc.oneof(
  { weight: 9, arbitrary: fc.array(version, { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.array(version, { minLength: 20, maxLength: 40 }) },
);
const documents = fc
  .dictionary(key, history, { maxKeys: 30, noNullPrototype: true })
  .map((keys) =>
    Object.entries(keys).flatMap(([name, all]) => all.map((over, place) => versionDocument(name, place - 3.5, over))),
  );
const request = fc.record({
  prefix: fc.oneof(
    fc.constant(''),
    key.map((text) => [...text].slice(0, 2).join('')),
  ),
  delimiter: fc.constantFrom('', '/', '--', 'a', '\u{10000}', '/a'),
  limit: fc.integer({ min: 1, max: 7 }),
});

describe('listings in pages equal the model', () => {
  it('for current objects', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(documents, request, async (all, { limit, ...what }) => {
        await fill(all);
        const listed = await pages(limit, (after) => listObjects(versions(), { ...what, limit, after }));
        expect(listed).toEqual(modelOfObjects(all, what));
      }),
      { numRuns: 150 },
    );
  });

  it('for versions', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(documents, request, async (all, { limit, ...what }) => {
        await fill(all);
        const listed = await pages(limit, (after, afterVersionId) =>
          listObjectVersions(versions(), { ...what, limit, after, afterVersionId }),
        );
        expect(listed).toEqual(modelOfVersions(all, what));
      }),
      { numRuns: 150 },
    );
  });

  it('from any marker, there or not: what is after it, a common prefix that holds it left out', async () => {
    await fc.assert(
      fc.asyncProperty(documents, request, key, async (all, { limit, ...what }, after) => {
        await fill(all);
        const { entries } = await listObjects(versions(), { ...what, limit, after });
        const expected = modelOfObjects(all, what).filter(
          ({ name }) => Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0,
        );
        expect(entries.map(seen)).toEqual(expected.slice(0, limit));
      }),
      { numRuns: 100 },
    );
  });
});

it('a marker between UTF-8 and UTF-16 order begins at the prefix', async () => {
  await fill([versionDocument('\u{e001}', 0), versionDocument('😀a', 0)]);
  const { entries } = await listObjects(versions(), { prefix: '😀', delimiter: '', after: '\u{e000}', limit: 9 });
  expect(entries.map(({ name }) => name)).toEqual(['😀a']);
});

describe('version markers', () => {
  const all = [0, 1, 2, 3].map((place) => versionDocument('k', place)).concat(versionDocument('z', 0));
  const after = async (afterVersionId: string | null, prefix = '') => {
    const page = await listObjectVersions(versions(), { prefix, delimiter: '', limit: 10, after: 'k', afterVersionId });
    return page.entries.map((entry) => `${entry.name} ${seen(entry).versionId} ${seen(entry).isLatest}`);
  };

  it('go on behind a version that was removed meanwhile', async () => {
    await fill(all);
    await versions().updateOne({ _id: { k: 'k', v: 'v1' } }, { $set: { live: false } });
    expect(await after('v1')).toEqual(['k v2 false', 'k v3 false', 'z v0 true']);
  });

  it('make the next version the latest when the marker was the latest and is gone', async () => {
    await fill(all);
    await versions().updateOne({ _id: { k: 'k', v: 'v0' } }, { $set: { live: false } });
    expect(await after('v0')).toEqual(['k v1 true', 'k v2 false', 'k v3 false', 'z v0 true']);
  });

  it('that nobody knows lose nothing', async () => {
    await fill(all);
    expect(await after('nobody-knows')).toEqual(['k v0 true', 'k v1 false', 'k v2 false', 'k v3 false', 'z v0 true']);
  });

  it('are for their key only, which must have the prefix', async () => {
    await fill(all);
    expect(await after('v1', 'z')).toEqual(['z v0 true']);
    expect(await after('v1', 'a')).toEqual([]);
    expect(await after(null)).toEqual(['z v0 true']);
  });

  it('tell apart versions that share a place for a moment', async () => {
    await fill([0, 1, 1, 1, 2].map((place, index) => versionDocument('k', place, { versionId: `v${index}` })));
    const listed = await pages(1, (name, afterVersionId) =>
      listObjectVersions(versions(), { prefix: '', delimiter: '', limit: 1, after: name, afterVersionId }),
    );
    expect(new Set(listed.map(({ versionId }) => versionId)).size).toBe(5);
    expect(listed).toHaveLength(5);
  });
});

describe('finding one version', () => {
  it('finds the latest live one, and any by its id; a tombstone is not there', async () => {
    await fill([
      versionDocument('k', 0, { live: false }),
      versionDocument('k', 1, { kind: 'deleteMarker' }),
      versionDocument('k', 2),
      versionDocument('gone', 0, { live: false }),
    ]);
    expect((await findLatest(versions(), 'k'))?._id.v).toBe('v1');
    expect((await findVersion(versions(), 'k', 'v2'))?.kind).toBe('version');
    expect(await findVersion(versions(), 'k', 'v0')).toBeNull();
    expect(await findLatest(versions(), 'gone')).toBeNull();
    expect(await findLatest(versions(), 'never')).toBeNull();
  });
});
