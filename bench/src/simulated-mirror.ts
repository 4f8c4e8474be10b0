import {
  type Activity,
  changeRate,
  type HeatCount,
  heatOf,
  intervalSeconds,
  observeChanges,
  type Pace,
  type PaceLimits,
  paceOf,
} from '@mirror/pacing';
import { VisitQueue } from './visit-queue.js';

export interface SimulationOptions {
  /** Changes a second of each range. */
  readonly rates: readonly number[];
  readonly limits: PaceLimits;
  /** The adaptive way, or every range in turn. */
  readonly schedule: 'adaptive' | 'uniform';
  /** So long the schedule learns before it is measured. */
  readonly learnSeconds: number;
  readonly measureSeconds: number;
  readonly random: () => number;
}

export interface SimulationResult {
  readonly requests: number;
  readonly changes: number;
  /** Of all changes found while it was measured: from the change to the visit that finds it. */
  readonly meanDelaySeconds: number;
  /** The longest that any range waited for a visit. */
  readonly longestIntervalSeconds: number;
}

interface SimulatedRange {
  readonly rate: number;
  visitedAt: number;
  activity: Activity | null;
  heat: number;
}

const PACE_EVERY_SECONDS = 5;

/**
 * Visits of a mirror, second by second of simulated time: changes come by chance (a Poisson process a range), a visit finds
 * all that came since the one before, and says when the next is due. Visits start as the budget lets them, one a request.
 */
export function simulate(options: SimulationOptions): SimulationResult {
  const { limits, schedule, learnSeconds, measureSeconds, random } = options;
  const ranges = options.rates.map(newRange);
  const evenly = ranges.length / limits.requestsPerSecond;
  const queue = new VisitQueue();
  for (const index of ranges.keys()) queue.push(random() * evenly, index);
  const tally = { requests: 0, changes: 0, delay: 0, longest: 0 };
  const paceAt = paceKeeper(ranges, limits);
  let slot = 0;
  for (let next = queue.pop(); next; next = queue.pop()) {
    const range = ranges[next.index];
    const at = Math.max(next.at, slot);
    if (!range || at > learnSeconds + measureSeconds) break;
    slot = at + 1 / limits.requestsPerSecond;
    const seconds = at - range.visitedAt;
    const changes = poisson(range.rate * seconds, random);
    if (at > learnSeconds) count(tally, changes, seconds, random);
    range.visitedAt = at;
    queue.push(at + (schedule === 'uniform' ? evenly : revisit(range, changes, seconds, paceAt(at))), next.index);
  }
  const { requests, changes, longest, delay } = tally;
  return { requests, changes, meanDelaySeconds: delay / changes, longestIntervalSeconds: longest };
}

const newRange = (rate: number): SimulatedRange => ({ rate, visitedAt: 0, activity: null, heat: heatOf(1 / 3_600, 1) });

/** The pace at a time, recomputed now and then as a poller does. */
function paceKeeper(ranges: readonly SimulatedRange[], limits: PaceLimits): (at: number) => Pace {
  let pace = paceOf(countsOf(ranges), limits);
  let computedAt = 0;
  return (at) => {
    if (at - computedAt <= PACE_EVERY_SECONDS) return pace;
    pace = paceOf(countsOf(ranges), limits);
    computedAt = at;
    return pace;
  };
}

/** What a visit learns, and how many seconds later the next is due: as the poller does it. */
function revisit(range: SimulatedRange, changes: number, seconds: number, pace: Pace): number {
  range.activity = observeChanges(range.activity, changes, seconds);
  range.heat = heatOf(changeRate(range.activity, pace.typicalRate), 1);
  return intervalSeconds(pace, range.heat);
}

function countsOf(ranges: readonly SimulatedRange[]): HeatCount[] {
  const byHeat = new Map<number, number>();
  for (const { heat } of ranges) byHeat.set(heat, (byHeat.get(heat) ?? 0) + 1);
  return [...byHeat].map(([heat, count]) => ({ heat, ranges: count, requests: count }));
}

function count(
  tally: { requests: number; changes: number; delay: number; longest: number },
  changes: number,
  seconds: number,
  random: () => number,
): void {
  tally.requests += 1;
  tally.changes += changes;
  tally.longest = Math.max(tally.longest, seconds);
  for (let change = 0; change < changes; change += 1) tally.delay += random() * seconds;
}

/** By counting exponential steps; their number is small, for a range is visited often where changes are many. */
function poisson(mean: number, random: () => number): number {
  const step = () => -Math.log(1 - random());
  let count = 0;
  let passed = step();
  while (passed < mean) {
    passed += step();
    count += 1;
  }
  return count;
}
