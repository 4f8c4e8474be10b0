import type { PaceLimits } from '@mirror/pacing';
import { seededRandom } from '@mirror/testing';
import type { Benchmark, BenchmarkResult, Figure } from './benchmark.js';
import { type SimulationResult, simulate } from './simulated-mirror.js';

const ranges = 10_000;
const changesPerSecond = 50;
const limits: PaceLimits = { requestsPerSecond: 70, minIntervalSeconds: 1, maxIntervalSeconds: 600 };
const learnSeconds = 3 * 3_600;
const measureSeconds = 2 * 3_600;
const seed = 1;

/** How long changes stay undiscovered, by the poller's own schedule and by turns, at equal requests. */
export const adaptive: Benchmark = {
  name: 'adaptive',
  title: 'Mean detection delay, visits by turns ÷ adaptive visits',
  async run(report) {
    const zipf = Array.from({ length: ranges }, (_, index) => 1 / (index + 1));
    const hot = Array.from({ length: ranges }, (_, index) => (index < ranges / 20 ? 0.9 * 20 : 0.1 / 0.95));
    return toResult([
      compare('Zipf-1', zipf, 1.7, report),
      compare('90 % of the changes in 5 % of the ranges', hot, 3.3, report),
    ]);
  },
};

interface Comparison {
  readonly name: string;
  readonly goal: number;
  readonly adaptively: SimulationResult;
  readonly byTurns: SimulationResult;
}

function compare(name: string, weights: readonly number[], goal: number, report: (line: string) => void): Comparison {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const common = { rates: weights.map((weight) => (weight / sum) * changesPerSecond), learnSeconds, measureSeconds };
  const adaptively = simulate({ ...common, limits, schedule: 'adaptive', random: seededRandom(seed) });
  // As many requests as the adaptive schedule used.
  const fair = { ...limits, requestsPerSecond: adaptively.requests / measureSeconds };
  const byTurns = simulate({ ...common, limits: fair, schedule: 'uniform', random: seededRandom(seed) });
  report(`${name}: ${adaptively.changes} changes found by ${adaptively.requests} requests`);
  return { name, goal, adaptively, byTurns };
}

function toResult(comparisons: readonly Comparison[]): BenchmarkResult {
  return {
    method:
      `Simulated: ${ranges.toLocaleString('en')} ranges, ${changesPerSecond} changes a second by chance, ` +
      `${limits.requestsPerSecond} requests a second, seed ${seed}; rates are unknown at the start, learned for ` +
      `${learnSeconds / 3_600} h, measured for ${measureSeconds / 3_600} h, with the very functions that the poller sets due ` +
      `times by (interval ${limits.minIntervalSeconds} to ${limits.maxIntervalSeconds} s). Both ways with the same number of ` +
      'requests. With the rates known from the start, 2.48 and 3.69 could be reached.',
    figures: comparisons.flatMap(figuresOf),
  };
}

function figuresOf({ name, goal, adaptively, byTurns }: Comparison): Figure[] {
  const ratio = byTurns.meanDelaySeconds / adaptively.meanDelaySeconds;
  const seconds = (value: number) => `${value.toFixed(1)} s`;
  const informative = (figure: string, measured: string): Figure => ({
    name: `${name}: ${figure}`,
    measured,
    goal: '',
    met: true,
  });
  return [
    { name, measured: ratio.toFixed(2), goal: `≥ ${goal}`, met: ratio >= goal },
    informative(
      'mean delay by turns; adaptive',
      `${seconds(byTurns.meanDelaySeconds)}; ${seconds(adaptively.meanDelaySeconds)}`,
    ),
    informative('requests by turns; adaptive', `${byTurns.requests}; ${adaptively.requests}`),
    informative(
      'longest interval by turns; adaptive',
      `${seconds(byTurns.longestIntervalSeconds)}; ${seconds(adaptively.longestIntervalSeconds)}`,
    ),
  ];
}
