import { compareTimes } from '@mirror/events';
import {
  bumpWriteCounters,
  compareKeys,
  mirrorFigures,
  type Namespace,
  readLogicalClock,
  type Segment,
} from '@mirror/namespace';
import { waitFor } from '@mirror/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mergeSegments } from '../src/merge-segments.js';
import type { ClaimedSegment } from '../src/state/claimed-segment.js';
import type { ProgressStore } from '../src/state/progress-store.js';
import type { SegmentStore, VisitOutcome } from '../src/state/segment-store.js';
import { FIRST_CREDIT } from '../src/visit/split-credit.js';
import { liveVersion } from './live-version.js';
import { type OpenStores, openStores } from './open-stores.js';

let stores: OpenStores;
let namespace: Namespace;
let progress: ProgressStore;
let store: SegmentStore;
let other: SegmentStore;
let mirrorId: string;

beforeAll(async () => {
  stores = await openStores('segment-store');
  ({ namespace, progress, segments: store } = stores);
  other = stores.segmentsOf('other');
});
afterAll(() => stores?.close());

beforeEach(async () => {
  mirrorId = await stores.newMirror();
  await store.ranges.createFirst(mirrorId);
});

const clean: VisitOutcome = {
  count: 7,
  pageSize: 20,
  hash: 'h1',
  published: null,
  publishedAt: null,
  said: null,
  undescribed: false,
  nextVisitInMs: 0,
  activity: null,
  heat: null,
};

/** Nothing was listed before the cut, and the rest stays one. */
const whole = { listed: 0, splits: [] };

async function claim(by = store, after = ''): Promise<ClaimedSegment> {
  const claimed = await by.claim({ m: mirrorId, a: after });
  if (!claimed) throw new Error('not claimed');
  return claimed;
}

async function dueNow(restedSince: Date | null = null): Promise<Segment[]> {
  const due: Segment[] = [];
  for await (const segment of store.due(mirrorId, await store.now(), restedSince)) due.push(segment);
  return due;
}

const read = (after = '') => namespace.segments.findOne({ _id: { m: mirrorId, a: after } }) as Promise<Segment>;
const write = (key: string) => bumpWriteCounters(namespace.segments, mirrorId, [key], (a, b) => compareKeys(a, b) > 0);

/** As if the holder had been away for longer than its lease. */
const endLease = (after = '') =>
  namespace.segments.updateOne({ _id: { m: mirrorId, a: after } }, { $set: { leaseUntil: new Date(0) } });

describe('a lease', () => {
  it('is given to one at a time, with an epoch that only grows', async () => {
    const first = await claim();
    expect(await other.claim({ m: mirrorId, a: '' })).toBeNull();
    expect(await dueNow()).toEqual([]);
    await endLease();
    expect((await claim(other)).epoch).toBeGreaterThan(first.epoch);
  });

  it('begins before whatever its holder lists, on the logical clock', async () => {
    const before = await readLogicalClock(stores.db);
    const { startedAt } = await claim();
    expect(compareTimes(before, startedAt)).toBeLessThan(0);
    expect(compareTimes(startedAt, await readLogicalClock(stores.db))).toBeLessThanOrEqual(0);
  });

  it('that was lost lets its former holder change nothing', async () => {
    const lost = await claim();
    await endLease();
    const now = await claim(other);
    await other.finish(now, { ...clean, hash: 'theirs' });
    expect(await store.renew(lost)).toBe(false);
    expect(await store.eraseHash(lost)).toBe(false);
    expect(await store.ranges.cut(lost, 'm', whole)).toBe(false);
    expect(await store.finish(lost, { ...clean, hash: 'mine' })).toBe(false);
    expect(await read()).toMatchObject({ hash: 'theirs' });
    expect(await read('m')).toBeNull();
  });

  it('that was given back is due again when asked for', async () => {
    await store.release(await claim(), 0);
    await waitFor(async () => (await dueNow()).length === 1, { what: 'the segment' });
  });
});

describe('what is due', () => {
  it('is, during a snapshot, what nobody has listed to its end, and what has rested', async () => {
    const claimed = await claim();
    await store.ranges.cut(claimed, 'm', whole);
    await store.finish(claimed, clean);
    const keysAfter = async (restedSince: Date | null) => (await dueNow(restedSince)).map(({ _id }) => _id.a);
    const visitedAt = (await read()).visitedAt?.getTime() ?? 0;
    expect(await keysAfter(new Date(visitedAt - 1))).toEqual(['m']);
    expect(await keysAfter(new Date(visitedAt))).toEqual(['m', '']);
    expect(await keysAfter(null)).toEqual(['m', '']);
  });
});

describe('a confirmation', () => {
  it('is stored when nobody wrote into the segment since its claim', async () => {
    await store.finish(await claim(), clean);
    expect(await read()).toMatchObject({ hash: 'h1', count: 7, holder: null });
  });

  it('is not stored when somebody did', async () => {
    const claimed = await claim();
    await write('some key');
    await store.finish(claimed, clean);
    expect(await read()).toMatchObject({ hash: null, count: 7 });
  });

  it('falls with a cut, in both halves', async () => {
    await store.finish(await claim(), clean);
    const claimed = await claim();
    expect(await store.ranges.cut(claimed, 'm', whole)).toBe(true);
    await store.finish(claimed, clean);
    expect(await read()).toMatchObject({ hash: null });
    expect(await read('m')).toMatchObject({ hash: null, writes: claimed.segment.writes + 1 });
  });

  it('is erased before anything is published', async () => {
    await store.finish(await claim(), clean);
    expect(await store.eraseHash(await claim())).toBe(true);
    expect(await read()).toMatchObject({ hash: null, confirmedAt: null });
  });
});

describe('a cut', () => {
  it('makes the rest a segment of its own, due at once, and ends the first there', async () => {
    const claimed = await claim();
    expect(claimed.end).toBeNull();
    await store.ranges.cut(claimed, 'm', whole);
    await store.finish(claimed, { ...clean, nextVisitInMs: 60_000 });
    expect((await dueNow()).map(({ _id }) => _id.a)).toEqual(['m']);
    expect((await claim(store, 'm')).end).toBeNull();
    await endLease();
    await namespace.segments.updateOne({ _id: { m: mirrorId, a: '' } }, { $set: { dueAt: new Date(0) } });
    expect((await claim()).end).toBe('m');
  });

  it('of a range that nobody has listed to its end leaves one such range, or two', async () => {
    const claimed = await claim();
    await store.ranges.cut(claimed, 'b', { listed: 985, splits: ['m'] });
    expect(await store.countOpen(mirrorId, 10)).toBe(3); // the first part is, until its visit ends
    expect(await store.countOpen(mirrorId, 2)).toBe(2);
    await store.finish(claimed, { ...clean, count: 985, nextVisitInMs: 60_000 });
    expect((await dueNow()).map(({ _id }) => _id.a)).toEqual(['b', 'm']);
    expect([(await claim(store, 'b')).end, (await claim(store, 'm')).end]).toEqual(['m', null]);
    expect(await store.coverage(mirrorId, await store.now())).toMatchObject({
      versions: 985,
      oldestVisit: new Date(0),
    });
  });

  it('of a known range leaves what is known of its rest: how much it holds, and when it was visited', async () => {
    await store.finish(await claim(), { ...clean, count: 2_000 });
    const claimed = await claim();
    await store.ranges.cut(claimed, 'm', { listed: 985, splits: [] });
    const { visitedAt } = claimed.segment;
    expect(await read('m')).toMatchObject({ open: false, count: 1_015, visitedAt });
    expect(visitedAt).not.toBeNull();
    expect(await store.coverage(mirrorId, await store.now())).toMatchObject({ versions: 2_000 });
  });

  it('knows of the keys after it what their first visit has shown', async () => {
    const claimed = await claim();
    await store.ranges.cut(claimed, 'b', { listed: 985, splits: ['m'] });
    expect(await store.beyond(mirrorId, 'm')).toBe('unknown');
    await store.finish(await claim(store, 'm'), { ...clean, count: 0 });
    expect(await store.beyond(mirrorId, 'm')).toBe('none');
    await store.finish(await claim(store, 'm'), { ...clean, count: 5 });
    expect(await store.beyond(mirrorId, 'm')).toBe('keys');
  });

  it('comes first: ranges that nobody has listed to their end are claimed before any other', async () => {
    const claimed = await claim();
    await store.ranges.cut(claimed, 'm', whole);
    await store.finish(claimed, clean);
    await namespace.segments.updateOne({ _id: { m: mirrorId, a: '' } }, { $set: { dueAt: new Date(0) } });
    await namespace.segments.updateOne({ _id: { m: mirrorId, a: 'm' } }, { $set: { dueAt: new Date(1) } });
    expect((await dueNow()).map(({ _id }) => _id.a)).toEqual(['m', '']);
  });

  it('counts writes on the right side of it', async () => {
    const claimed = await claim();
    await store.ranges.cut(claimed, 'm', whole);
    const before = [(await read()).writes, (await read('m')).writes];
    await write('m'); // a boundary is the last key of the segment before it
    await write('n');
    await write('n');
    expect([(await read()).writes, (await read('m')).writes]).toEqual([(before[0] ?? 0) + 1, (before[1] ?? 0) + 2]);
  });
});

describe('a merge', () => {
  /** As if every segment had been cut where it could have taken more. */
  const forgetFilled = () => namespace.segments.updateMany({ '_id.m': mirrorId }, { $set: { filled: null } });

  /** Cuts at m, and settles both halves with these counts. */
  async function twoSegments(first: number, second: number): Promise<void> {
    const claimed = await claim();
    await store.ranges.cut(claimed, 'm', whole);
    await store.finish(claimed, clean);
    await store.finish(await claim(), { ...clean, count: first });
    await store.finish(await claim(store, 'm'), { ...clean, count: second });
    await forgetFilled();
  }

  it('joins small neighbours into one range, unconfirmed, and loses no write', async () => {
    await twoSegments(100, 200);
    expect(await mergeSegments(store, mirrorId)).toBe(1);
    expect(await read('m')).toBeNull();
    expect(await read()).toMatchObject({ count: 300, hash: null, pageSize: 1_000 });
    const claimed = await claim();
    expect(claimed.end).toBeNull();
    await write('z');
    await store.finish(claimed, clean);
    expect(await read()).toMatchObject({ hash: null });
  });

  it('leaves alone what would fill more than one, and what somebody visits', async () => {
    await twoSegments(500, 491);
    expect(await mergeSegments(store, mirrorId)).toBe(0);
    await store.finish(await claim(store, 'm'), { ...clean, count: 1 });
    await claim(other, 'm');
    expect(await mergeSegments(store, mirrorId)).toBe(0);
    expect(await read('m')).not.toBeNull();
  });

  it('joins a run over full segments, as one range that is known to hold them all', async () => {
    for (const [from, to, count] of [
      ['', 'd', 990],
      ['d', 'h', 500],
      ['h', 'm', 990],
      ['m', 'q', 470],
    ] as const) {
      const claimed = await claim(store, from);
      await store.ranges.cut(claimed, to, whole);
      await store.finish(claimed, { ...clean, count });
    }
    await store.finish(await claim(store, 'q'), { ...clean, count: 990, nextVisitInMs: 60_000 });
    await namespace.segments.updateMany({ '_id.m': mirrorId }, { $set: { hash: 'h1' } });
    await forgetFilled();
    const oldest = (await read('d')).visitedAt;
    expect(await mergeSegments(store, mirrorId)).toBe(1);
    expect(await namespace.segments.countDocuments({ '_id.m': mirrorId })).toBe(3);
    const joined = await read('d');
    expect(joined).toMatchObject({ count: 1_960, hash: null, open: false, visitedAt: oldest, holder: null });
    expect((await claim(store, 'd')).end).toBe('q');
  });

  it('is not undone and done again where keys of many versions leave room in any segment', async () => {
    await twoSegments(600, 300);
    await namespace.segments.updateMany({ '_id.m': mirrorId }, { $set: { hash: 'h1' } });
    expect(await mergeSegments(store, mirrorId)).toBe(1);
    await namespace.segments.updateOne({ _id: { m: mirrorId, a: '' } }, { $set: { count: 1_800 } });
    const joined = await claim();
    await store.ranges.cut(joined, 'k', { listed: 600, splits: [] });
    await store.finish(joined, { ...clean, count: 600 });
    await store.finish(await claim(store, 'k'), { ...clean, count: 300 });
    await namespace.segments.updateMany({ '_id.m': mirrorId }, { $set: { hash: 'h1' } });
    expect(await mergeSegments(store, mirrorId)).toBe(0);
    expect([(await read()).filled, (await read('k')).filled]).toEqual([600, null]);
    await store.finish(await claim(), { ...clean, count: 100 }); // versions of such a key went
    await store.finish(await claim(store, 'k'), { ...clean, count: 300 });
    await namespace.segments.updateMany({ '_id.m': mirrorId }, { $set: { hash: 'h1' } });
    expect(await mergeSegments(store, mirrorId)).toBe(1);
    expect((await read()).filled).toBeNull();
  });

  it('is given up when a lease of the run is lost, and changes nothing', async () => {
    await twoSegments(100, 200);
    const run = [await claim(), await claim(store, 'm')];
    await endLease('m');
    await claim(other, 'm');
    expect(await store.ranges.merge(run)).toBe(false);
    expect(await read()).toMatchObject({ count: 100, hash: 'h1' });
    expect(await read('m')).not.toBeNull();
  });
});

describe('figures', () => {
  it('are those of every key, whatever is cut and joined while they are counted', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `key ${String(index).padStart(3, '0')}`);
    await namespace.versions(mirrorId).insertMany(keys.map((key) => liveVersion(key, 'v1')));
    const cutsAndJoins = 40;
    let ended = false;
    const changing = cutAndJoin(cutsAndJoins, keys).finally(() => {
      ended = true;
    });
    const counted: number[] = [];
    const counting = async () => {
      while (!ended) counted.push((await mirrorFigures(namespace, mirrorId)).mirrored);
    };
    await Promise.all([changing, counting(), counting()]);
    expect(counted.length).toBeGreaterThan(cutsAndJoins);
    expect(counted.filter((count) => count !== keys.length)).toEqual([]);
    expect(await namespace.segments.countDocuments({ '_id.m': mirrorId })).toBe(1);
  }, 60_000);

  async function cutAndJoin(times: number, keys: readonly string[]): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      const [boundary = '', ...splits] = [20, 90, 150].map((at) => keys[at + (time % 20)] ?? '');
      const claimed = await claim();
      expect(await store.ranges.cut(claimed, boundary, { listed: 50, splits })).toBe(true);
      await store.finish(claimed, clean);
      const first = await claim();
      const run = [first];
      for (const after of [boundary, ...splits]) run.push(await claim(store, after));
      expect(await store.ranges.merge(run)).toBe(true);
      await store.finish(first, clean);
    }
  }
});

describe('the credit for splits', () => {
  it('is spent by all pollers together, and earned by what visits list', async () => {
    const spent = await Promise.all(Array.from({ length: 20 }, () => progress.spendSplits(mirrorId, 1)));
    expect(spent.filter((paid) => paid === 1)).toHaveLength(FIRST_CREDIT);
    await progress.count(mirrorId, 1, 0, 0.6);
    expect(await progress.spendSplits(mirrorId, 1)).toBe(0);
    await progress.count(mirrorId, 1, 0, 0.5);
    expect(await progress.spendSplits(mirrorId, 1)).toBe(1);
  });

  it('pays for as many of those wanted as it is enough for', async () => {
    const spent = await Promise.all([6, 6, 6].map((wanted) => progress.spendSplits(mirrorId, wanted)));
    expect(spent.toSorted()).toEqual([FIRST_CREDIT - 12, 6, 6]);
  });
});

describe('coverage', () => {
  it('knows what a pass has not visited yet', async () => {
    const began = await store.now();
    expect(await store.coverage(mirrorId, began)).toMatchObject({ unvisited: 1 });
    await store.finish(await claim(), clean);
    expect(await store.coverage(mirrorId, began)).toMatchObject({ unvisited: 0, versions: 7 });
    expect(await store.coverage(mirrorId, new Date(Date.now() + 60_000))).toMatchObject({ unvisited: 1 });
  });
});
