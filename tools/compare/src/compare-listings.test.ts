import { describe, expect, it } from 'vitest';
import { compareListings, type Difference, type DifferenceKind } from './compare-listings.js';
import { emptyTally, groupByKey } from './group-by-key.js';
import type { ListedEntry } from './listed-entry.js';

const second = Date.UTC(2026, 6, 1, 12);

function version(key: string, versionId: string, changes: Partial<ListedEntry> = {}): ListedEntry {
  const standard = { kind: 'version', isLatest: false, size: 10, etag: 'abc', lastModifiedMs: second + 7 } as const;
  return { key, versionId, ...standard, ...changes };
}

function marker(key: string, versionId: string, changes: Partial<ListedEntry> = {}): ListedEntry {
  return version(key, versionId, { kind: 'deleteMarker', size: null, etag: null, ...changes });
}

const listing: ListedEntry[] = [
  version('a', 'a1', { isLatest: true }),
  marker('b', 'b3', { isLatest: true }),
  version('b', 'b2'),
  version('b', 'b1'),
  version('c', 'null', { isLatest: true }),
];

async function* stream(entries: readonly ListedEntry[]): AsyncGenerator<ListedEntry> {
  yield* entries;
}

async function compare(a: readonly ListedEntry[], b: readonly ListedEntry[]): Promise<Difference[]> {
  const groups = (entries: readonly ListedEntry[]) => groupByKey(stream(entries), emptyTally());
  const found: Difference[] = [];
  for await (const difference of compareListings(groups(a), groups(b))) found.push(difference);
  return found;
}

/** The listing with one entry changed; undefined takes it out. */
function changed(versionId: string, changes: Partial<ListedEntry> | undefined): ListedEntry[] {
  return listing.flatMap((entry) => {
    if (entry.versionId !== versionId) return [entry];
    return changes === undefined ? [] : [{ ...entry, ...changes }];
  });
}

describe('compareListings', () => {
  it('finds nothing between equal listings', async () => {
    expect(await compare(listing, listing)).toEqual([]);
    expect(await compare([], [])).toEqual([]);
  });

  const cases: [string, string, Partial<ListedEntry> | undefined, DifferenceKind[]][] = [
    ['a version removed inside a key', 'b2', undefined, ['only in A']],
    ['the only version of a key removed', 'a1', undefined, ['only in A']],
    ['the last entry removed', 'null', undefined, ['only in A']],
    ['another ETag', 'b1', { etag: 'abd' }, ['etag']],
    ['another size', 'b1', { size: 11 }, ['size']],
    ['another latest flag', 'a1', { isLatest: false }, ['latest']],
    ['another second', 'b2', { lastModifiedMs: second + 1007 }, ['time']],
    ['another millisecond', 'b2', { lastModifiedMs: second + 8 }, ['milliseconds']],
    ['a marker turned version', 'b3', { kind: 'version', size: 10, etag: 'abc' }, ['kind']],
    ['another version id', 'a1', { versionId: 'a9' }, ['only in A', 'only in B']],
    ['another key', 'a1', { key: 'a ' }, ['only in A', 'only in B']],
  ];
  it.each(cases)('finds %s, from either side', async (_name, versionId, changes, kinds) => {
    const found = await compare(listing, changed(versionId, changes));
    expect(found.map(({ kind }) => kind)).toEqual(kinds);
    expect(found[0]?.versionId).toBe(versionId);
    const mirrored = { 'only in A': 'only in B', 'only in B': 'only in A' } as Record<string, DifferenceKind>;
    const back = await compare(changed(versionId, changes), listing);
    expect(back.map(({ kind }) => kind).sort()).toEqual(kinds.map((kind) => mirrored[kind] ?? kind).sort());
  });

  it('finds two versions of a key in another order', async () => {
    const [a, b3, b2, b1, c] = listing as [ListedEntry, ListedEntry, ListedEntry, ListedEntry, ListedEntry];
    expect(await compare(listing, [a, b3, b1, b2, c])).toEqual([
      { kind: 'order', key: 'b', versionId: 'b2', a: 'b2 at 1', b: 'b1 at 1' },
    ]);
  });

  it('does not take a missing version for another order', async () => {
    expect(await compare(listing, changed('b3', undefined))).toMatchObject([{ kind: 'only in A', versionId: 'b3' }]);
  });

  it('joins keys by their UTF-8 bytes', async () => {
    // U+FF21 is below U+1F600 in UTF-8 and above it in UTF-16: a join by `<` would find four differences here.
    const astral = [version('\uFF21', '1'), version('😀', '2')];
    expect(await compare(astral, astral.slice(1))).toMatchObject([{ kind: 'only in A', versionId: '1' }]);
  });
});
