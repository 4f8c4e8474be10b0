import type { ListedVersion, RawVersionPage } from '@mirror/connector';
import { seededRandom } from '@mirror/testing';
import { describe, expect, it } from 'vitest';
import { MERGE_LIMITS } from './merge-segments.js';
import { type PlannedSegment, planMerges } from './plan-merges.js';
import { type ListPage, listRange } from './visit/list-range.js';
import { isOutgrown } from './visit/range-versions.js';

interface Known extends PlannedSegment {
  /** Nobody has listed it to its end yet. */
  readonly open: boolean;
}

const facts = {
  kind: 'version',
  isLatest: true,
  size: 1,
  etag: 'e',
  lastModified: '',
  storageClass: 'STANDARD',
} as const;
const PAGE = 1_000;

/** Passes over a bucket: each segment is listed as a visit lists it, cut as a visit cuts it, and joined as a pass joins. */
class Passes {
  /** Keys, each as often as it has versions, in order. */
  keys: string[] = [];
  private segments: Known[];
  requests = 0;

  constructor(starts: readonly string[] = ['']) {
    this.segments = starts.map((after) => ({ after, count: 0, filled: null, settled: true, open: true }));
  }

  /** Requests of one pass. */
  async pass(): Promise<number> {
    const before = this.requests;
    const queue = this.segments;
    this.segments = [];
    for (let next = queue.shift(); next; next = queue.shift()) await this.visit(next, queue);
    await this.merge();
    return this.requests - before;
  }

  /** Passes until one is like the one before it; gives back its requests for each thousand versions. */
  async untilSteady(most: number): Promise<number> {
    let boundaries = '';
    for (let passes = 0; passes < most; passes += 1) {
      const requests = await this.pass();
      const now = this.segments.map(({ after }) => after).join('\n');
      if (now === boundaries) return requests / Math.ceil(this.keys.length / PAGE);
      boundaries = now;
    }
    throw new Error(`not steady after ${most} passes`);
  }

  private async visit(segment: Known, queue: Known[]): Promise<void> {
    const end = queue[0]?.after ?? null;
    const expected = segment.open ? null : segment.count;
    const range = { after: segment.after, end, pageSize: PAGE, expected, confirmedHash: null };
    const listing = await listRange(this.listPage, range);
    if (listing.kind !== 'listed') throw new Error('nothing is confirmed here');
    const count = listing.versions.length;
    const isCut = listing.end !== end && listing.end !== null;
    const isFull = isCut && !isOutgrown(end, expected);
    this.segments.push({ ...segment, count, open: false, filled: isFull ? count : isCut ? null : segment.filled });
    if (!isCut) return;
    const left = segment.open ? 0 : segment.count - count;
    queue.unshift({ ...segment, after: listing.end ?? '', count: Math.max(0, left), open: left <= 0, filled: null });
  }

  private async merge(): Promise<void> {
    const all = this.segments;
    const planned = (async function* () {
      yield* all;
    })();
    for await (const run of planMerges(planned, MERGE_LIMITS)) {
      const joined = this.segments.filter(({ after }) => run.includes(after));
      const count = joined.reduce((sum, each) => sum + each.count, 0);
      const first = { ...joined[0], after: run[0] ?? '', count, filled: null, settled: true, open: false };
      this.segments = this.segments.flatMap((each) =>
        each === joined[0] ? [first] : joined.includes(each) ? [] : [each],
      );
    }
  }

  private readonly listPage: ListPage = async ({ keyMarker = '', versionIdMarker, maxKeys }) => {
    this.requests += 1;
    const start = versionIdMarker === undefined ? firstAfter(this.keys, keyMarker) : Number(versionIdMarker) + 1;
    const keys = this.keys.slice(start, start + maxKeys);
    const versions = keys.map((key, index): ListedVersion => ({ ...facts, key, versionId: String(start + index) }));
    const isTruncated = start + keys.length < this.keys.length;
    const next = isTruncated && { nextKeyMarker: keys.at(-1), nextVersionIdMarker: String(start + keys.length - 1) };
    return {
      hash: '',
      parse: () => ({ versions, isTruncated, orderKept: true, ...next }),
    } as unknown as RawVersionPage;
  };
}

function firstAfter(keys: readonly string[], marker: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') <= marker) low = middle + 1;
    else high = middle;
  }
  return low;
}

const random = seededRandom(7);
const newKey = (): string =>
  Math.floor(random() * 2 ** 40)
    .toString(16)
    .padStart(10, '0');

/** `count` versions; every fifth key has two. */
const hashed = (count: number): string[] =>
  Array.from({ length: Math.ceil(count / 6) }, (_, index) => Array.from({ length: index % 5 === 0 ? 2 : 1 }, newKey))
    .flatMap(([key = '', other = key]) => [key, key, other, other, newKey(), newKey()])
    .slice(0, count)
    .sort();

/** As a first snapshot leaves it: cut at guesses. */
const guesses = (count: number): string[] => ['', ...Array.from({ length: count }, newKey).sort()];

function churn(keys: readonly string[], share: number): string[] {
  const changed = Math.round((keys.length * share) / 2);
  const gone = new Set(Array.from({ length: changed }, () => Math.floor(random() * keys.length)));
  return [...keys.filter((_, index) => !gone.has(index)), ...Array.from({ length: changed }, newKey)].sort();
}

const VERSIONS = 200_000;
const GOAL = 1.02;

describe('passes over a bucket', () => {
  it('come down to little more than a request a page from any boundaries, and stay there as 1 % changes', async () => {
    const passes = new Passes(guesses(60));
    passes.keys = hashed(VERSIONS);
    expect(await passes.untilSteady(8)).toBeLessThanOrEqual(GOAL);
    for (let round = 0; round < 3; round += 1) {
      passes.keys = churn(passes.keys, 0.01);
      expect(await passes.untilSteady(8)).toBeLessThanOrEqual(GOAL);
    }
  });

  it('come down to it also when a third is new, or has gone', async () => {
    const passes = new Passes();
    passes.keys = hashed(VERSIONS / 2);
    await passes.untilSteady(8);
    passes.keys = [...passes.keys, ...hashed(VERSIONS / 4)].sort();
    expect(await passes.untilSteady(12)).toBeLessThanOrEqual(GOAL);
    passes.keys = passes.keys.filter((_, index) => index % 3 > 0 && (index < 20_000 || index > 50_000));
    expect(await passes.untilSteady(12)).toBeLessThanOrEqual(GOAL);
  });

  it('joins nothing for ever where keys of many versions leave room in any segment', async () => {
    const passes = new Passes(guesses(30));
    passes.keys = Array.from({ length: 200 }, newKey)
      .sort()
      .flatMap((key) => Array<string>(1 + Math.floor(random() * (random() < 0.1 ? 3_000 : 700))).fill(key));
    await passes.untilSteady(8);
  });

  it('leaves no empty range behind', async () => {
    const passes = new Passes(['', ...Array.from({ length: 30 }, (_, index) => `x${index}`).sort()]);
    passes.keys = hashed(20_000);
    expect(await passes.untilSteady(8)).toBeLessThanOrEqual(1.1);
  });
});
