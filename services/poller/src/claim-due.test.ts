import { describe, expect, it } from 'vitest';
import { restedSince } from './claim-due.js';

const begin = Date.UTC(2030, 0, 1);
const after = (seconds: number) => new Date(begin + seconds * 1_000);
const running = { snapshotStartedAt: after(0), snapshotCompletedAt: null };

describe('while a snapshot runs, ranges that were visited rest', () => {
  it.each([
    [10, -20],
    [60, 12],
    [600, 120],
    [10 * 3_600, 9 * 3_600],
  ])('after %i s those that were visited later than in its second %i', (now, since) => {
    expect(restedSince(running, after(now))).toEqual(after(since));
  });

  it('and once it is complete none does', () => {
    expect(restedSince({ ...running, snapshotCompletedAt: after(60) }, after(61))).toBeNull();
  });
});
