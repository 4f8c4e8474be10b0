import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, Figure } from './benchmark.js';
import { startSimulatedMirror } from './simulated-mirror-stack.js';

const versions = 100_000;
const counts = [4, 2, 1] as const;
const visitsAtOnce = 4;
/** Long enough that the endpoint, and no processor, is what is waited for. */
const latencyMs = 500;
/** Every range is overdue all the time. */
const intervalMs = 50;
/** Some passes at no latency, by which small ranges are joined: a joined run is listed anew by one poller. */
const joinMs = 20_000;
/** Until pollers know how many they are. */
const settleMs = 12_000;
const measureMs = 15_000;
const goal = 0.9;
const bucket = 'pollers';

/** How many pollers share a pass at a connector that is far away. */
export const pollers: Benchmark = {
  name: 'pollers',
  title: 'The same pass with 1, 2 and 4 pollers, latency-bound',
  async run(report) {
    const poller = {
      POLL_VISITS_AT_ONCE: String(visitsAtOnce),
      POLL_INTERVAL_MS: String(intervalMs),
      VISIT_DEADLINE_SECONDS: '1',
      POLL_REQUESTS_PER_SECOND: '10000',
    };
    const contents = { family: 'hashed', versions } as const;
    const options = { pollers: counts[0], environment: { poller } };
    const mirror = await startSimulatedMirror(report, bucket, contents, options);
    try {
      const { endpoint, stack } = mirror;
      await mirror.begin();
      await stack.system.waitUntilLive(bucket, 120_000);
      await sleep(joinMs);
      await endpoint.setLatency(latencyMs);
      const rates = new Map<number, number>();
      const running = [...stack.system.pollers];
      for (const count of counts) {
        while (running.length > count) await running.pop()?.stop();
        await sleep(settleMs);
        await endpoint.take();
        await sleep(measureMs);
        const rate = ((await endpoint.take()).listings.length / measureMs) * 1_000;
        rates.set(count, rate);
        report(`${count} pollers: ${rate.toFixed(1)} listings a second`);
      }
      return { method, figures: figuresOf(rates) };
    } finally {
      await mirror.stop();
    }
  },
};

function figuresOf(rates: ReadonlyMap<number, number>): Figure[] {
  const one = rates.get(1) ?? 1;
  const ratios = [2, 4].map((count): Figure => {
    const linear = (rates.get(count) ?? 0) / (one * count);
    const name = `${count} pollers ÷ ${count} × one`;
    return { name, measured: linear.toFixed(2), goal: `≥ ${goal}`, met: linear >= goal };
  });
  const measured = counts.map((count) => rates.get(count)?.toFixed(1)).join(', ');
  const most = counts.map((count) => (count * visitsAtOnce * 1_000) / latencyMs).join(', ');
  const name = `listings a second with ${counts.join(', ')} pollers (at most ${most})`;
  return [...ratios, { name, measured, goal: '', met: true }];
}

const method =
  `A simulated endpoint with ${versions.toLocaleString('en')} versions under hashed keys and ${latencyMs} ms a page, pollers ` +
  `with ${visitsAtOnce} visits at once each, MongoDB, Kafka and all services on the same cores. Pages are unchanged, and every ` +
  `range is overdue all the time. Listings that the endpoint answered in ${measureMs / 1_000} s, with four, two and one of them.`;
