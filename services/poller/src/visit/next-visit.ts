import type { Segment } from '@mirror/namespace';
import { type Activity, changeRate, heatOf, intervalSeconds, observeChanges, type Pace } from '@mirror/pacing';

/** When a segment is due again, and what its visits have shown of its changes. */
export interface NextVisit {
  readonly nextVisitInMs: number;
  readonly activity: Activity | null;
  readonly heat: number;
}

export interface Visited {
  /** Changes that this visit found first. */
  readonly changes: number;
  /** Versions that it listed. */
  readonly count: number;
  /** It is not to wait longer; null: nothing presses. */
  readonly withinMs: number | null;
}

/** Versions that one request lists. */
const PAGE_SIZE = 1_000;

/** Rate of visits by the square root of the rate of change, as the mirror's pace says. A first visit tells no rate yet. */
export function nextVisit(
  { activity = null, visitedAt, claimedAt }: Pick<Segment, 'activity' | 'visitedAt' | 'claimedAt'>,
  { changes, count, withinMs }: Visited,
  pace: Pace,
): NextVisit {
  const seconds = visitedAt && claimedAt ? (claimedAt.getTime() - visitedAt.getTime()) / 1_000 : 0;
  const observed = seconds > 0 ? observeChanges(activity, changes, seconds) : activity;
  const heat = heatOf(changeRate(observed, pace.typicalRate), Math.ceil((count + 1) / PAGE_SIZE));
  const wantedMs = intervalSeconds(pace, heat) * 1_000;
  return { nextVisitInMs: Math.min(wantedMs, withinMs ?? wantedMs), activity: observed, heat };
}
