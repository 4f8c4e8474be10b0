/** What a mirror's visits may cost, and between which bounds each range's interval stays. */
export interface PaceLimits {
  /** All ranges' visits together. */
  readonly requestsPerSecond: number;
  readonly minIntervalSeconds: number;
  /** The deadline of the coldest range. Where the budget does not reach for it, all ranges take turns evenly. */
  readonly maxIntervalSeconds: number;
}

/** Ranges of one heat. */
export interface HeatCount {
  readonly heat: number;
  readonly ranges: number;
  /** Of one visit to each of them. */
  readonly requests: number;
}

/** How often a mirror's ranges are visited, each by its heat. */
export interface Pace {
  /** Visits a second of a range whose changes a second and request are 1. */
  readonly multiplier: number;
  readonly minIntervalSeconds: number;
  readonly maxIntervalSeconds: number;
  /** Mean changes a second of a range. */
  readonly typicalRate: number;
}

/** Steps to a doubling: fine enough to keep the budget, coarse enough that a mirror has some dozens of heats. */
const STEPS = 4;
/** Of a mirror of which nothing is known: a change an hour. */
const UNKNOWN_RATE = 1 / 3_600;
/** However quiet a mirror is: a change a week. */
const LEAST_RATE = 1 / 604_800;
const ROUNDS = 60;

/** A range's changes a second, for each request that a visit takes, as a whole number on a logarithmic scale. */
export function heatOf(rate: number, requests: number): number {
  return Math.round(STEPS * Math.log2(rate / Math.max(1, requests)));
}

/**
 * Shares the budget out: the mean delay of all changes is least when a range is visited as often as the square root of its
 * rate of change (by request) says. Only the counts by heat are needed, which any poller can add up.
 */
export function paceOf(counts: readonly HeatCount[], limits: PaceLimits): Pace {
  const total = counts.reduce((sum, { requests }) => sum + requests, 0);
  const { minIntervalSeconds } = limits;
  const evenly = total / limits.requestsPerSecond;
  const maxIntervalSeconds = Math.max(limits.maxIntervalSeconds, minIntervalSeconds, evenly);
  const bounds = { minIntervalSeconds, maxIntervalSeconds, typicalRate: typicalRate(counts) };
  return { ...bounds, multiplier: multiplierFor(counts, bounds, limits.requestsPerSecond) };
}

/** Seconds from one visit of a range to the next. */
export function intervalSeconds(pace: Omit<Pace, 'typicalRate'>, heat: number): number {
  const wanted = 1 / (pace.multiplier * Math.sqrt(2 ** (heat / STEPS)));
  return Math.min(pace.maxIntervalSeconds, Math.max(pace.minIntervalSeconds, wanted));
}

/** By halving, on a logarithmic scale: the requests a second grow with the multiplier. */
function multiplierFor(counts: readonly HeatCount[], bounds: Omit<Pace, 'multiplier'>, budget: number): number {
  const costs = (multiplier: number) =>
    counts.reduce((sum, { heat, requests }) => sum + requests / intervalSeconds({ ...bounds, multiplier }, heat), 0);
  let low = 1e-9;
  let high = 1e9;
  if (costs(high) <= budget) return high;
  for (let round = 0; round < ROUNDS; round += 1) {
    const middle = Math.sqrt(low * high);
    if (costs(middle) > budget) high = middle;
    else low = middle;
  }
  return low;
}

function typicalRate(counts: readonly HeatCount[]): number {
  const ranges = counts.reduce((sum, count) => sum + count.ranges, 0);
  if (ranges === 0) return UNKNOWN_RATE;
  const changes = counts.reduce((sum, count) => sum + count.requests * 2 ** (count.heat / STEPS), 0);
  return Math.max(LEAST_RATE, changes / ranges);
}
