import type { MirroredVersion } from '@mirror/namespace';
import { describe, expect, it } from 'vitest';
import { type Candidate, judgeRemovals, sampleOf } from './judge-removals.js';

const SETTINGS = { delaySeconds: 10, maxHeads: 2, suspicion: { share: 0.5, floorVersions: 3 } };
const NOW = new Date('2026-01-02T00:00:00Z');
const time = (seconds: number): string => (BigInt(seconds) << 32n).toString();

const missing = (count: number): MirroredVersion[] =>
  Array.from({ length: count }, (_, index) => ({ _id: { k: `k${index}`, v: '1' } }) as MirroredVersion);

const visit = { startedAt: time(100), now: NOW, mirroredCount: 100, held: false };
const known = (candidate: Partial<Candidate>) => () =>
  ({ state: 'missing', missedAt: time(80), askAgainAt: new Date(0), accepted: false, ...candidate }) as Candidate;
const unknown = () => undefined;

describe('judgeRemovals', () => {
  it('asks nothing about a version that is missed for the first time', () => {
    expect(judgeRemovals(missing(1), unknown, visit, SETTINGS)).toMatchObject({
      candidates: [{}],
      ripe: [],
      hold: false,
    });
  });

  it('asks about one that a listing begun ten seconds after its first omission still omits', () => {
    expect(judgeRemovals(missing(1), known({ missedAt: time(89) }), visit, SETTINGS).ripe).toHaveLength(1);
    expect(judgeRemovals(missing(1), known({ missedAt: time(90) }), visit, SETTINGS).ripe).toHaveLength(0);
  });

  it('asks about an unlisted version when its backoff is over', () => {
    const later = new Date(NOW.getTime() + 1);
    expect(
      judgeRemovals(missing(1), known({ state: 'unlisted', askAgainAt: later }), visit, SETTINGS).ripe,
    ).toHaveLength(0);
    expect(judgeRemovals(missing(1), known({ state: 'unlisted', askAgainAt: NOW }), visit, SETTINGS).ripe).toHaveLength(
      1,
    );
  });

  it('holds when more than half of the range and more than the floor are missed anew', () => {
    const judge = (count: number, mirroredCount: number) =>
      judgeRemovals(missing(count), unknown, { ...visit, mirroredCount }, SETTINGS).hold;
    expect([judge(4, 7), judge(4, 8), judge(3, 3)]).toEqual([true, false, false]);
  });

  it('holds once: what was missed before and is missed again ripens', () => {
    const verdict = judgeRemovals(missing(4), known({}), { ...visit, mirroredCount: 7 }, SETTINGS);
    expect([verdict.hold, verdict.ripe.length]).toEqual([false, 4]);
  });

  it('asks nothing while removals are held', () => {
    expect(judgeRemovals(missing(1), known({}), { ...visit, held: true }, SETTINGS).ripe).toEqual([]);
  });

  it('asks about what the operator accepted, whatever is held', () => {
    const verdict = judgeRemovals(missing(1), known({ accepted: true }), { ...visit, held: true }, SETTINGS);
    expect(verdict.ripe).toHaveLength(1);
  });
});

describe('sampleOf', () => {
  it('takes all of a few, and an even spread of many', () => {
    expect(sampleOf([1, 2], 3)).toEqual([1, 2]);
    expect(sampleOf([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3)).toEqual([0, 3, 6]);
  });
});
