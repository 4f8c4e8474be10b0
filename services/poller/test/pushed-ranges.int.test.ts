import { randomUUID } from 'node:crypto';
import type { PendingOperation, Segment } from '@mirror/namespace';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PushedRanges } from '../src/state/pushed-ranges.js';
import { type OpenStores, openStores } from './open-stores.js';

let stores: OpenStores;
let mirrorId: string;
let now: number;
let ranges: PushedRanges;

beforeAll(async () => {
  stores = await openStores('pushed-ranges');
});
afterAll(() => stores.close());
beforeEach(async () => {
  mirrorId = randomUUID();
  now = 0;
  ranges = new PushedRanges(stores.namespace, mirrorId, () => now);
  await stores.namespace.segments.insertMany(
    ['', 'g', 'p'].map((a) => ({ _id: { m: mirrorId, a } }) as unknown as Segment),
  );
});

const upload = async (key: string, more: Partial<PendingOperation> = {}): Promise<string> => {
  const operation = { _id: randomUUID(), mirrorId, key, sequence: 1, ...more };
  await stores.namespace.pendingOperations.insertOne(operation as PendingOperation);
  return operation._id;
};
const visited = async (starts: readonly string[] = ['', 'g', 'p']): Promise<string[]> => {
  const all = starts.map((a) => ({ segment: { _id: { m: mirrorId, a } } }));
  const due = all.filter(({ segment }) => !ranges.isWaiting(segment));
  return (await ranges.without(due)).map(({ segment }) => segment._id.a);
};

describe('a range into which an upload is pushed', () => {
  it.each([
    ['a key of the first', 'a', ['g', 'p']],
    // A boundary belongs to the range that ends with it.
    ['a boundary', 'g', ['g', 'p']],
    ['a key after a boundary', 'g1', ['', 'p']],
    ['a key of the last', 'zz', ['', 'g']],
  ])('is left alone, and no other: %s', async (_, key, others) => {
    await upload(key);
    expect(await visited()).toEqual(others);
  });

  it('is visited once the upload is recorded', async () => {
    const id = await upload('a');
    expect(await visited()).not.toContain('');
    await stores.namespace.pendingOperations.deleteOne({ _id: id });
    now += 1_000;
    expect(await visited()).toEqual(['', 'g', 'p']);
  });

  it('is visited after a while, however long uploads go on, and then left alone as long once more', async () => {
    await upload('a');
    const seen: boolean[] = [];
    for (now = 0; now < 20_000; now += 1_000) seen.push((await visited()).includes(''));
    expect(seen.flatMap((isVisited, second) => (isVisited ? [second] : []))).toEqual([5, 11, 17]);
  });

  it('is visited as ever where uploads go everywhere', async () => {
    const starts = Array.from({ length: 100 }, (_, index) => `q${String(index).padStart(2, '0')}`);
    const segments = starts.map((a) => ({ _id: { m: mirrorId, a } }) as unknown as Segment);
    await stores.namespace.segments.insertMany(segments);
    for (const start of starts) await upload(`${start}x`);
    expect(await visited(starts)).toHaveLength(36);
  });

  it('is visited although an upload into it has failed, or one of another mirror waits', async () => {
    await upload('a', { failed: { code: 'S3.REFUSED', detail: '', hint: '', at: new Date() } });
    await upload('a', { mirrorId: randomUUID() });
    expect(await visited()).toEqual(['', 'g', 'p']);
  });
});
