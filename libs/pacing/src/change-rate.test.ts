import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Activity, changeRate, observeChanges } from './change-rate.js';

const typical = 0.01;

/** Visits every `seconds`, each showing `changes`. */
function watched(visits: number, changes: number, seconds: number, before: Activity | null = null): Activity | null {
  let activity = before;
  for (let visit = 0; visit < visits; visit += 1) activity = observeChanges(activity, changes, seconds);
  return activity;
}

describe('the rate of change of a range', () => {
  it('is the mirror’s typical one while nothing is known', () => {
    expect(changeRate(null, typical)).toBeCloseTo(typical);
  });

  it('is not taken for hot by its first change, nor for dead by its first quiet visit', () => {
    expect(changeRate(observeChanges(null, 1, 1), typical)).toBeLessThan(5 * typical);
    expect(changeRate(observeChanges(null, 0, 60), typical)).toBeGreaterThan(typical / 5);
  });

  it('comes close to the true one after some dozens of visits', () => {
    expect(changeRate(watched(50, 2, 10), typical)).toBeCloseTo(0.2, 1);
    expect(changeRate(watched(50, 0, 100), typical)).toBeLessThan(typical / 50);
  });

  it('follows a range that turns hot within a visit, and one that falls quiet within a few', () => {
    const cold = watched(100, 0, 60);
    expect(changeRate(observeChanges(cold, 12, 60), typical)).toBeGreaterThan(10 * typical);
    const hot = watched(100, 2, 1);
    expect(changeRate(watched(5, 0, 10, hot), typical)).toBeLessThan(0.1);
  });

  it('is positive and finite whatever visits show', () => {
    const visit = fc.tuple(fc.nat(2_000), fc.double({ min: 0.001, max: 1e6, noNaN: true }));
    fc.assert(
      fc.property(
        fc.array(visit, { maxLength: 60 }),
        fc.double({ min: 1e-7, max: 100, noNaN: true }),
        (visits, rate) => {
          const activity = visits.reduce<Activity | null>((known, [n, s]) => observeChanges(known, n, s), null);
          const estimated = changeRate(activity, rate);
          expect(estimated).toBeGreaterThan(0);
          expect(estimated).toBeLessThan(Number.POSITIVE_INFINITY);
          expect(activity?.seconds ?? 0).toBeLessThanOrEqual(1e6);
        },
      ),
    );
  });
});
