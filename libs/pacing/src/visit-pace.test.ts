import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeatCount, heatOf, intervalSeconds, type PaceLimits, paceOf } from './visit-pace.js';

const counts = fc
  .array(fc.record({ heat: fc.integer({ min: -120, max: 40 }), ranges: fc.integer({ min: 1, max: 5_000 }) }), {
    minLength: 1,
    maxLength: 40,
  })
  .map((all) => all.map(({ heat, ranges }): HeatCount => ({ heat, ranges, requests: ranges })));
const someLimits = fc.record({
  requestsPerSecond: fc.double({ min: 0.5, max: 500, noNaN: true }),
  minIntervalSeconds: fc.double({ min: 0.05, max: 10, noNaN: true }),
  maxIntervalSeconds: fc.double({ min: 60, max: 7_200, noNaN: true }),
});

const costOf = (all: readonly HeatCount[], limits: PaceLimits): number => {
  const pace = paceOf(all, limits);
  return all.reduce((sum, { heat, requests }) => sum + requests / intervalSeconds(pace, heat), 0);
};

describe('the pace of visits', () => {
  it('never costs more requests a second than the budget has', () => {
    fc.assert(
      fc.property(counts, someLimits, (all, limits) => {
        expect(costOf(all, limits)).toBeLessThanOrEqual(limits.requestsPerSecond * 1.000001);
      }),
    );
  });

  it('uses the whole budget, unless every range is visited as often as may be', () => {
    fc.assert(
      fc.property(counts, someLimits, (all, limits) => {
        const pace = paceOf(all, limits);
        const atMost = all.every(({ heat }) => intervalSeconds(pace, heat) === pace.minIntervalSeconds);
        if (!atMost) expect(costOf(all, limits)).toBeGreaterThan(limits.requestsPerSecond * 0.999);
      }),
    );
  });

  it('visits every range before the deadline; where the budget does not reach, all take turns', () => {
    fc.assert(
      fc.property(counts, someLimits, (all, limits) => {
        const pace = paceOf(all, limits);
        const evenly = all.reduce((sum, { requests }) => sum + requests, 0) / limits.requestsPerSecond;
        for (const { heat } of all) {
          const interval = intervalSeconds(pace, heat);
          expect(interval).toBeLessThanOrEqual(Math.max(limits.maxIntervalSeconds, evenly) * 1.000001);
          expect(interval).toBeGreaterThanOrEqual(limits.minIntervalSeconds);
        }
      }),
    );
  });

  it('visits a hotter range more often, by the square root of its rate', () => {
    const all = [
      { heat: heatOf(0.01, 1), ranges: 1_000, requests: 1_000 },
      { heat: heatOf(0.04, 1), ranges: 1_000, requests: 1_000 },
    ];
    const pace = paceOf(all, { requestsPerSecond: 10, minIntervalSeconds: 0.1, maxIntervalSeconds: 3_600 });
    expect(intervalSeconds(pace, heatOf(0.01, 1)) / intervalSeconds(pace, heatOf(0.04, 1))).toBeCloseTo(2);
    fc.assert(
      fc.property(counts, someLimits, fc.integer({ min: -120, max: 39 }), (some, limits, heat) => {
        const any = paceOf(some, limits);
        expect(intervalSeconds(any, heat + 1)).toBeLessThanOrEqual(intervalSeconds(any, heat));
      }),
    );
  });

  it('visits a range less often where a visit takes many requests', () => {
    expect(heatOf(1, 16)).toBe(heatOf(1, 1) - 16);
  });

  it('visits every range of a small mirror as often as may be', () => {
    const pace = paceOf([{ heat: -50, ranges: 20, requests: 20 }], {
      requestsPerSecond: 70,
      minIntervalSeconds: 1,
      maxIntervalSeconds: 600,
    });
    expect(intervalSeconds(pace, -50)).toBe(1);
  });
});
