import type { Namespace, Segment } from '@mirror/namespace';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ClaimedSegment } from '../src/state/claimed-segment.js';
import { HintStore } from '../src/state/hint-store.js';
import type { SegmentStore, VisitOutcome } from '../src/state/segment-store.js';
import { type OpenStores, openStores } from './open-stores.js';

let stores: OpenStores;
let namespace: Namespace;
let segments: SegmentStore;
let hints: HintStore;
let mirrorId: string;

beforeAll(async () => {
  stores = await openStores('hint-store');
  ({ namespace, segments } = stores);
  hints = new HintStore(namespace);
  await hints.init();
});
afterAll(() => stores?.close());

/** Two segments that were visited: up to and with `m`, and the rest. */
beforeEach(async () => {
  mirrorId = await stores.newMirror();
  await segments.ranges.createFirst(mirrorId);
  await visitAll();
  await namespace.segments.insertOne({ ...(await read('')), _id: { m: mirrorId, a: 'm' } });
});

const later: VisitOutcome = {
  count: 7,
  pageSize: 20,
  hash: 'h1',
  published: null,
  publishedAt: null,
  said: null,
  undescribed: false,
  nextVisitInMs: 3_600_000,
  activity: null,
  heat: null,
};
const visitAll = async () => segments.finish(await claim(''), later);
const read = (after: string) => namespace.segments.findOne({ _id: { m: mirrorId, a: after } }) as Promise<Segment>;
const look = (...keys: string[]) => keys.map((key) => ({ key, describe: false }));
const keysOf = ({ hintedKeys }: Segment) => hintedKeys?.map(({ k }) => k) ?? null;

async function claim(after: string): Promise<ClaimedSegment> {
  const claimed = await segments.claim({ m: mirrorId, a: after }, 'early');
  if (!claimed) throw new Error('not claimed');
  return claimed;
}

async function hinted(): Promise<string[]> {
  const found: string[] = [];
  for await (const { _id } of hints.hinted(mirrorId, await segments.now())) found.push(_id.a);
  return found;
}

describe('hints', () => {
  it('are kept with the segment that holds the key, each key once, and leave its due time alone', async () => {
    const { dueAt } = await read('');
    await hints.note(mirrorId, look('z', 'a', 'm', 'a', '$n'));
    await hints.note(mirrorId, [
      { key: 'a', describe: false },
      { key: 'a', describe: true },
    ]);
    expect(keysOf(await read(''))?.toSorted()).toEqual(['$n', 'a', 'a', 'm']);
    expect((await read('')).hintedKeys?.filter(({ d }) => d)).toMatchObject([{ k: 'a' }]);
    expect(keysOf(await read('m'))).toEqual(['z']);
    expect((await read('')).dueAt).toEqual(dueAt);
  });

  it('come to all of a segment where they are many, and stay so until it was visited', async () => {
    await hints.note(mirrorId, look(...Array.from({ length: 17 }, (_, index) => `a${index}`)));
    await hints.note(mirrorId, look('b'));
    expect(await read('')).toMatchObject({ hintedKeys: null, hintedAt: expect.any(Date) });
    await visitAll();
    expect(await read('')).toMatchObject({ hintedKeys: [], hintedAt: null });
    await hints.note(mirrorId, look('b'));
    expect(keysOf(await read(''))).toEqual(['b']);
  });

  it('are followed in the order in which they came, when nobody holds the lease', async () => {
    await hints.note(mirrorId, look('z'));
    await hints.note(mirrorId, look('a'));
    expect(await hinted()).toEqual(['m', '']);
    const held = await claim('m');
    expect(await hinted()).toEqual(['']);
    await segments.finish(held, later);
    expect(await hinted()).toEqual(['']);
  });

  it('wait for the first visit of a segment that was never listed', async () => {
    await namespace.segments.updateOne({ _id: { m: mirrorId, a: 'm' } }, { $set: { visitedAt: null } });
    await hints.note(mirrorId, look('z'));
    expect(await hinted()).toEqual([]);
  });

  it('mean nothing to a mirror without segments', async () => {
    expect(await hints.note('no such mirror', look('z'))).toBe(false);
  });
});

describe('the end of a visit', () => {
  const ends = {
    'of the range': (claimed: ClaimedSegment) => segments.finish(claimed, later),
    'of hinted keys': (claimed: ClaimedSegment) =>
      hints.finish(claimed, { published: null, undescribed: false, needsRange: false }),
  };

  it.each(Object.entries(ends))('%s keeps any hint later than its start, of the same key, too', async (_, end) => {
    await hints.note(mirrorId, look('a', 'b'));
    await new Promise((resolve) => setTimeout(resolve, 5)); // the database's time is in milliseconds
    const claimed = await claim('');
    await hints.note(mirrorId, look('b', 'c'));
    await end(claimed);
    expect(keysOf(await read(''))).toEqual(['b', 'c']);
    expect(await hinted()).toEqual(['']);
    await end(await claim(''));
    expect(await hinted()).toEqual([]);
  });

  it('of hinted keys leaves the due time and the confirmation as they are', async () => {
    const before = await read('');
    await hints.note(mirrorId, look('a'));
    await hints.finish(await claim(''), { published: { 0: '7' }, undescribed: false, needsRange: false });
    const { hash, dueAt, visitedAt } = before;
    expect(await read('')).toMatchObject({ hash, dueAt, visitedAt, published: { 0: '7' }, holder: null });
    expect((await read('')).publishedAt).toBeInstanceOf(Date);
  });

  it('of hinted keys asks for the range where they were not enough', async () => {
    await hints.note(mirrorId, look('a'));
    await hints.finish(await claim(''), { published: null, undescribed: false, needsRange: true });
    expect(await read('')).toMatchObject({ hintedKeys: null });
    expect(await hinted()).toEqual(['']);
  });

  it('changes nothing where the lease was lost', async () => {
    await hints.note(mirrorId, look('a'));
    const lost = await claim('');
    await namespace.segments.updateOne({ _id: lost.segment._id }, { $set: { leaseUntil: new Date(0) } });
    await claim('');
    await hints.finish(lost, { published: null, undescribed: false, needsRange: false });
    expect(keysOf(await read(''))).toEqual(['a']);
  });
});
