import type { ListedVersion, RawVersionPage } from '@mirror/connector';
import { compareKeys } from '@mirror/namespace';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PageRequest } from '../connector/page-request.js';
import { type ListPage, listRange, type Range } from './list-range.js';

function version(key: string, versionId: string): ListedVersion {
  const facts = { size: 1, etag: 'e', lastModified: '2026-01-02T03:04:05.678Z', storageClass: 'STANDARD' };
  return { key, versionId, kind: 'version', isLatest: false, ...facts };
}

/** A listing of these versions in their given order, paged by position, as S3's markers mean it. */
function endpoint(versions: readonly ListedVersion[]): { listPage: ListPage; requests: PageRequest[] } {
  const requests: PageRequest[] = [];
  const listPage: ListPage = async (request) => {
    requests.push(request);
    const start = startOf(versions, request);
    const page = versions.slice(start, start + request.maxKeys);
    const isTruncated = start + page.length < versions.length;
    const last = page.at(-1);
    const next = isTruncated && last ? { nextKeyMarker: last.key, nextVersionIdMarker: last.versionId } : {};
    const hash = JSON.stringify([page, isTruncated]);
    const orderKept = page.every(({ key }, index) => index === 0 || compareKeys(page[index - 1]?.key ?? '', key) <= 0);
    return { hash, parse: () => ({ versions: page, isTruncated, orderKept, ...next }) } as unknown as RawVersionPage;
  };
  return { listPage, requests };
}

function startOf(versions: readonly ListedVersion[], { keyMarker, versionIdMarker }: PageRequest): number {
  if (keyMarker === undefined) return 0;
  const index = versions.findLastIndex(
    ({ key, versionId }) => key === keyMarker && (!versionIdMarker || versionId === versionIdMarker),
  );
  return index < 0 ? versions.findIndex(({ key }) => compareKeys(key, keyMarker) > 0) : index + 1;
}

const everything: Range = { after: '', end: null, pageSize: 1_000, expected: null, confirmedHash: null };

async function listed(listPage: ListPage, range: Range) {
  const listing = await listRange(listPage, range);
  if (listing.kind !== 'listed') throw new Error('unchanged');
  return listing;
}

const numbered = (count: number): ListedVersion[] =>
  Array.from({ length: count }, (_, index) => version(`k${String(index).padStart(6, '0')}`, 'v'));

describe('listRange', () => {
  it('lists an empty bucket to its end', async () => {
    expect(await listed(endpoint([]).listPage, everything)).toMatchObject({ versions: [], end: null });
  });

  it('stops at the range’s end when a page goes beyond it, without listing on', async () => {
    const { listPage, requests } = endpoint(numbered(1_000));
    const listing = await listed(listPage, { ...everything, after: 'k000009', end: 'k000019', pageSize: 11 });
    expect(listing).toMatchObject({ end: 'k000019' });
    expect(listing.versions).toHaveLength(10);
    expect(requests).toHaveLength(1);
  });

  it('lists on while it has not seen the range’s end', async () => {
    const { listPage, requests } = endpoint(numbered(100));
    expect((await listed(listPage, { ...everything, end: 'k000049', pageSize: 20 })).versions).toHaveLength(50);
    expect(requests).toHaveLength(3);
  });

  it('calls a listing unchanged by its hash alone', async () => {
    const { listPage } = endpoint(numbered(10));
    const { hash } = await listed(listPage, everything);
    expect(await listRange(listPage, { ...everything, confirmedHash: hash })).toEqual({ kind: 'unchanged' });
  });

  it('calls a listing of several pages unchanged, too', async () => {
    const { listPage } = endpoint(numbered(100));
    const range = { ...everything, pageSize: 30 };
    const { hash } = await listed(listPage, range);
    expect(await listRange(listPage, { ...range, confirmedHash: hash })).toEqual({ kind: 'unchanged' });
  });

  it('sees a key inserted after the last one of a range that ends the list', async () => {
    const { hash } = await listed(endpoint(numbered(10)).listPage, everything);
    const { listPage } = endpoint([...numbered(10), version('z', 'v')]);
    expect(await listRange(listPage, { ...everything, confirmedHash: hash })).toMatchObject({ kind: 'listed' });
  });

  it('sees a key inserted after the last one of a range whose pages are exactly full', async () => {
    // Both first pages are the same, byte for byte: only what comes after them tells.
    const range = { ...everything, end: 'k000009z', pageSize: 10 };
    const beyond = version('m', 'v');
    const { hash } = await listed(endpoint([...numbered(10), beyond]).listPage, range);
    const { listPage } = endpoint([...numbered(10), version('k000009a', 'v'), beyond]);
    const listing = await listed(listPage, { ...range, confirmedHash: hash });
    expect(listing.versions.map(({ key }) => key)).toContain('k000009a');
  });

  it('cuts a range of unknown size between two keys, below a page', async () => {
    const { listPage, requests } = endpoint(numbered(5_000));
    const listing = await listed(listPage, everything);
    expect(requests).toHaveLength(1);
    expect(listing.end).toBe('k000989');
    expect(listing.versions).toHaveLength(990);
  });

  it('never cuts inside a key: 1,500 versions of one stay together', async () => {
    const many = Array.from({ length: 1_500 }, (_, index) => version('m', `v${index}`));
    const { listPage } = endpoint([
      ...numbered(10),
      ...many,
      ...numbered(3_000).map(({ key }) => version(`n${key}`, 'v')),
    ]);
    const first = await listed(listPage, everything);
    expect([first.end, first.versions.length]).toEqual(['k000009', 10]);
    const second = await listed(listPage, { ...everything, after: 'k000009' });
    expect([second.end, second.versions.length]).toEqual(['m', 1_500]);
  });

  it('cuts a range that has outgrown a page in its middle', async () => {
    const { listPage } = endpoint(numbered(5_000));
    const listing = await listed(listPage, { ...everything, end: 'k001019', expected: 985 });
    expect(listing.end).toBe('k000499');
  });

  it('cuts a range that is far more than a page, or nobody knows how much, just below a page', async () => {
    const { listPage } = endpoint(numbered(9_000));
    for (const expected of [null, 5_000]) {
      const listing = await listed(listPage, { ...everything, end: 'k005000', expected });
      expect(listing.end).toBe('k000989');
    }
  });

  it('cuts the last range just below a page, however little it outgrew one: keys may keep coming at its end', async () => {
    const { listPage } = endpoint(numbered(1_010));
    expect((await listed(listPage, { ...everything, expected: 985 })).end).toBe('k000989');
  });

  it('goes on by a whole key, not by the version that a page happened to end on', async () => {
    const { listPage, requests } = endpoint(numbered(100));
    await listed(listPage, { ...everything, end: 'k000049', pageSize: 20 });
    expect(requests.slice(1)).toEqual([
      { keyMarker: 'k000018', maxKeys: 20 },
      { keyMarker: 'k000037', maxKeys: 20 },
    ]);
  });

  it('goes on inside a key by both markers, and does not believe the end of the list there', async () => {
    const { listPage, requests } = endpoint(Array.from({ length: 50 }, (_, index) => version('m', `v${index}`)));
    expect((await listed(listPage, { ...everything, pageSize: 20 })).versions).toHaveLength(50);
    expect(requests.slice(1)).toEqual([
      { keyMarker: 'm', versionIdMarker: 'v19', maxKeys: 20 },
      { keyMarker: 'm', versionIdMarker: 'v39', maxKeys: 20 },
      { keyMarker: 'm', maxKeys: 20 },
    ]);
  });

  it('drops what is not after the range’s begin', async () => {
    const { listPage } = endpoint(numbered(30));
    const from: ListPage = (request) => listPage({ ...request, keyMarker: 'k000004' });
    const listing = await listed(from, { ...everything, after: 'k000009' });
    expect(listing.versions.map(({ key }) => key)).toEqual(
      numbered(30)
        .slice(10)
        .map(({ key }) => key),
    );
  });

  it('cuts at no key that UTF-8 and UTF-16 order differently, where there is another', async () => {
    const odd = ['\u{1F600}', '\uE000', '\uFFFD'].map((key) => version(key, 'v'));
    const { listPage } = endpoint([
      ...numbered(970),
      ...odd,
      ...numbered(100).map(({ key }) => version(`\uFFFE${key}`, 'v')),
    ]);
    expect((await listed(listPage, everything)).end).toBe('k000969');
  });

  it('sorts what an endpoint lists in UTF-16 order, each version once', async () => {
    const odd = [
      version('\u{1F600}', '2'),
      version('\u{1F600}', '1'),
      version('\uE000', 'v'),
      version('\u{1F600}', '2'),
    ];
    const listing = await listed(endpoint(odd).listPage, everything);
    expect(listing.versions.map(({ key, versionId }) => key + versionId)).toEqual([
      '\uE000v',
      '\u{1F600}2',
      '\u{1F600}1',
    ]);
  });

  it('refuses a truncated page whose next marker is the one it was asked with', async () => {
    const { listPage } = endpoint(numbered(50));
    const stuck: ListPage = async (request) => {
      const page = await listPage(request);
      return {
        ...page,
        parse: () => ({ ...page.parse(), isTruncated: true, nextKeyMarker: 'k000004', nextVersionIdMarker: 'v' }),
      } as RawVersionPage;
    };
    await expect(listRange(stuck, { ...everything, pageSize: 5 })).rejects.toMatchObject({ code: 'S3.BAD_LISTING' });
  });

  it('follows a whole bucket by its cuts: every version once, whatever the keys', async () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '\uE000', '\u{1F600}'), minLength: 1, maxLength: 5 });
    const keys = fc.array(fc.tuple(key, fc.integer({ min: 1, max: 400 })), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(keys, async (spec) => {
        const counts = new Map(spec);
        const sorted = [...counts.keys()].sort(compareKeys);
        const all = sorted.flatMap((name) =>
          Array.from({ length: counts.get(name) ?? 0 }, (_, index) => version(name, `v${index}`)),
        );
        const { listPage } = endpoint(all);
        const seen: ListedVersion[] = [];
        for (let after: string | null = ''; after !== null; ) {
          const listing: Awaited<ReturnType<typeof listed>> = await listed(listPage, { ...everything, after });
          seen.push(...listing.versions);
          after = listing.end;
        }
        expect(seen).toEqual(all);
      }),
      { numRuns: 50 },
    );
  });
});
