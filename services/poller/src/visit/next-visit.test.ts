import { paceOf } from '@mirror/pacing';
import { describe, expect, it } from 'vitest';
import { nextVisit } from './next-visit.js';

const limits = { requestsPerSecond: 10, minIntervalSeconds: 1, maxIntervalSeconds: 600 };
const busy = paceOf([{ heat: -20, ranges: 1_000, requests: 1_000 }], limits);
const at = (seconds: number) => new Date(Date.UTC(2030, 0, 1) + seconds * 1_000);
const segment = { activity: { changes: 0, seconds: 1_000 }, visitedAt: at(0), claimedAt: at(100) };
const quiet = { changes: 0, count: 980, withinMs: null };

describe('the next visit', () => {
  it('comes sooner where changes were found', () => {
    const hot = nextVisit(segment, { ...quiet, changes: 20 }, busy);
    const cold = nextVisit(segment, quiet, busy);
    expect(hot.nextVisitInMs).toBeLessThan(cold.nextVisitInMs / 2);
    expect(hot.heat).toBeGreaterThan(cold.heat);
    expect(cold.activity).toEqual({ changes: 0, seconds: 1_100 });
  });

  it('comes within the deadline, and not sooner than the least interval', () => {
    let now = { ...segment };
    for (let visit = 0; visit < 50; visit += 1) {
      const next = nextVisit(now, quiet, busy);
      expect(next.nextVisitInMs).toBeLessThanOrEqual(600_000);
      now = { ...now, activity: next.activity ?? now.activity };
    }
    const flood = nextVisit({ ...segment, visitedAt: at(99) }, { ...quiet, changes: 100_000 }, busy);
    expect(flood.nextVisitInMs).toBe(1_000);
  });

  it('does not wait where something presses', () => {
    expect(nextVisit(segment, { ...quiet, withinMs: 10_000 }, busy).nextVisitInMs).toBe(10_000);
  });

  it('learns nothing from a first visit, whose changes came over all the time before', () => {
    const first = nextVisit({ visitedAt: null, claimedAt: at(0) }, { ...quiet, changes: 980 }, busy);
    expect(first.activity).toBeNull();
    expect(first.nextVisitInMs).toBeGreaterThan(10_000);
  });

  it('comes less often to a range of many pages', () => {
    const once = nextVisit(segment, { ...quiet, changes: 5 }, busy);
    const large = nextVisit(segment, { ...quiet, changes: 5, count: 9_999 }, busy);
    expect(large.nextVisitInMs).toBeGreaterThan(once.nextVisitInMs * 2);
  });
});
