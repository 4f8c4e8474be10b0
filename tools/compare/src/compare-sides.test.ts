import { describe, expect, it } from 'vitest';
import { compareSides } from './compare-sides.js';
import type { ListedEntry } from './listed-entry.js';
import { judge, reportLines } from './report.js';

const second = Date.UTC(2026, 6, 1, 12);

function entry(key: string, versionId: string, milliseconds = 7): ListedEntry {
  const lastModifiedMs = second + milliseconds;
  return { key, versionId, kind: 'version', isLatest: true, size: 10, etag: 'abc', lastModifiedMs };
}

const list = (entries: readonly ListedEntry[]) =>
  async function* () {
    yield* entries;
  };
const names = { a: 'http://a/bucket', b: 'http://b/bucket' };

describe('compareSides', () => {
  it('leaves out what a side lists twice, and says so', async () => {
    const result = await compareSides(
      list([entry('a', '1'), entry('a', '1'), entry('b', '2')]),
      list([entry('a', '1'), entry('b', '2')]),
      50,
    );
    expect(result.counts.size).toBe(0);
    expect(result.a.tally).toMatchObject({ keys: 2, versions: 2, repeated: 1 });
    expect(reportLines(result, judge(result, false), names).join('\n')).toContain('A listed 1 entries more than once');
  });

  it('sorts a side that lists out of key order, and says so', async () => {
    const inOrder = [entry('a', '1'), entry('b', '2'), entry('c', '3')];
    const result = await compareSides(list(inOrder), list([...inOrder].reverse()), 50);
    expect(result.counts.size).toBe(0);
    expect(result.a.outOfOrder).toBeNull();
    expect(result.b.outOfOrder).toBe('"b" is listed after "c"');
  });

  it('still finds a difference in a side that lists out of order and twice', async () => {
    const disordered = [entry('c', '3'), entry('a', '1'), entry('c', '3')];
    const result = await compareSides(list([entry('a', '1'), entry('b', '2'), entry('c', '3')]), list(disordered), 50);
    expect([...result.counts]).toEqual([['only in A', 1]]);
    expect(result.b.tally.repeated).toBe(1);
  });

  describe('where a side lists the delete markers of a page apart', () => {
    const at = (page: number, key: string, versionId: string, kind: ListedEntry['kind'], isLatest = false) => {
      const content = kind === 'version' ? { size: 10, etag: 'abc' } : { size: null, etag: null };
      return { key, versionId, kind, isLatest, ...content, lastModifiedMs: second + 7, page };
    };
    const mirror = [
      at(1, 'a', '1', 'version', true),
      at(1, 'b', '5', 'version', true),
      at(1, 'b', '4', 'deleteMarker'),
      at(1, 'b', '3', 'version'),
      at(1, 'b', '2', 'deleteMarker'),
      at(2, 'c', '6', 'version', true),
    ];
    const [a, b5, b4, b3, b2, c] = mirror as [
      ListedEntry,
      ListedEntry,
      ListedEntry,
      ListedEntry,
      ListedEntry,
      ListedEntry,
    ];

    it('compares the order of each kind by itself, and says so', async () => {
      const result = await compareSides(list(mirror), list([b4, b2, a, b5, b3, c]), 50);
      expect([...result.counts]).toEqual([]);
      expect(reportLines(result, judge(result, false), names).join('\n')).toContain('B lists delete markers apart');
    });

    it('needs no key order that goes back: a latest version after a marker of its key proves it', async () => {
      const result = await compareSides(list([b5, b4, b3]), list([b4, b5, b3]), 50);
      expect([...result.counts]).toEqual([]);
    });

    it('still finds another order of versions, of markers, and another latest one', async () => {
      const versions = await compareSides(list(mirror), list([b4, b2, a, b3, b5, c]), 50);
      expect([...versions.counts]).toEqual([['order', 1]]);
      const markers = await compareSides(list(mirror), list([b2, b4, a, b5, b3, c]), 50);
      expect([...markers.counts]).toEqual([['order', 1]]);
      const latest = await compareSides(list(mirror), list([b4, b2, { ...a, isLatest: false }, b5, b3, c]), 50);
      expect([...latest.counts]).toEqual([['latest', 1]]);
    });

    it('believes it of no side that has a marker after a version on any page', async () => {
      const other = [b4, b5, b3, b2, at(2, 'c', '6', 'version', true)];
      const result = await compareSides(list([b5, b4, b3, b2, c]), list(other), 50);
      expect([...result.counts]).toEqual([['marker order', 1]]);
      expect(result.samples).toHaveLength(1);
    });
  });

  it('compares times to the second where one side knows nothing finer', async () => {
    const fine = [entry('a', '1', 7), entry('b', '2', 999)];
    const coarse = [entry('a', '1', 0), entry('b', '2', 0)];
    const result = await compareSides(list(fine), list(coarse), 50);
    expect(result).toMatchObject({ wholeSeconds: true, samples: [] });
    expect(judge(result, false)).toBe('equal');
    const late = await compareSides(list(fine), list([entry('a', '1', 0), entry('b', '2', 1000)]), 50);
    expect([...late.counts]).toEqual([['time', 1]]);
  });

  it('takes milliseconds for a difference where both sides have them', async () => {
    const result = await compareSides(list([entry('a', '1', 7)]), list([entry('a', '1', 8)]), 50);
    expect(result.wholeSeconds).toBe(false);
    expect([...result.counts]).toEqual([['milliseconds', 1]]);
    expect(result.samples).toHaveLength(1);
  });

  it('counts what it no longer shows', async () => {
    const many = Array.from({ length: 60 }, (_, index) => entry(`key-${String(index).padStart(2, '0')}`, 'v'));
    const result = await compareSides(list(many), list([]), 50);
    expect(result.samples).toHaveLength(50);
    const lines = reportLines(result, judge(result, false), names);
    expect(lines).toContain('… and 10 more');
    expect(lines.at(-1)).toBe('different    60 differences');
  });

  it('never says equal of two empty sides, unless that is expected', async () => {
    const nothing = await compareSides(list([]), list([]), 50);
    expect(judge(nothing, false)).toBe('not compared');
    expect(judge(nothing, true)).toBe('equal');
  });

  it('does not compare when a listing fails, and names the side', async () => {
    const failing = async function* (): AsyncGenerator<ListedEntry> {
      yield entry('a', '1');
      throw new Error('connection reset');
    };
    const comparing = compareSides(list([entry('a', '1')]), failing, 50);
    await expect(comparing).rejects.toThrow('B could not be listed: Error: connection reset');
  });
});
