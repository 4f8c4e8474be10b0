import { waitFor } from '@mirror/testing';
import type { Benchmark, Figure } from './benchmark.js';
import { type SimulatedMirror, startSimulatedMirror } from './simulated-mirror-stack.js';

const versions = 200_000;
const pollers = 2;
const intervalMs = 2_000;
const churnShare = 0.01;
const goal = 1.02;
const steadyWithinMs = 100_000;
const bucket = 'passes';

/** What a pass costs in requests, as running pollers list it. */
export const passes: Benchmark = {
  name: 'passes',
  title: 'Requests of a steady pass ÷ ⌈V/1000⌉',
  async run(report) {
    const poller = { POLL_INTERVAL_MS: String(intervalMs), POLL_REQUESTS_PER_SECOND: '1000' };
    const contents = { family: 'hashed', versions } as const;
    const mirror = await startSimulatedMirror(report, bucket, contents, { pollers, environment: { poller } });
    try {
      const { endpoint, stack } = mirror;
      await mirror.begin();
      await stack.system.waitUntilLive(bucket, 120_000);
      report('the first snapshot is applied');
      const figures = [await steadyPass('steady pass', mirror, report)];
      await endpoint.churn(churnShare, 1);
      figures.push(await steadyPass('the same after 1 % churn', mirror, report));
      return { method, figures };
    } finally {
      await mirror.stop();
    }
  },
};

/**
 * The different listings of a window, once two windows in a row have the very same: then each range was visited in both, and no
 * segment is being cut or joined any more.
 */
async function steadyPass(name: string, mirror: SimulatedMirror, report: (line: string) => void): Promise<Figure> {
  const { endpoint } = mirror;
  let before = '';
  for (const until = performance.now() + steadyWithinMs; performance.now() < until; ) {
    await endpoint.take();
    // Two ends, for what comes right after an end may be counted before it is seen: one pass is whole in any case.
    for (let ends = 0; ends < 2; ends += 1) await passEnds(mirror);
    const { listings, versions: there } = await endpoint.take();
    const different = [...new Set(listings.map(({ asked }) => asked))].sort();
    const ratio = different.length / Math.ceil(there / 1_000);
    report(`${listings.length} listings, ${ratio.toFixed(3)} different ones a page`);
    if (different.join() === before) return { name, measured: ratio.toFixed(3), goal: `≤ ${goal}`, met: ratio <= goal };
    before = different.join();
  }
  return { name, measured: 'not steady in time', goal: `≤ ${goal}`, met: false };
}

async function passEnds({ stack, name }: SimulatedMirror): Promise<void> {
  const { lastFullPassAt } = await stack.system.status(name);
  const hasEnded = async () => (await stack.system.status(name)).lastFullPassAt !== lastFullPassAt;
  await waitFor(hasEnded, { timeoutMs: steadyWithinMs, intervalMs: 50, what: 'a pass to end' });
}

const method =
  `A simulated endpoint with ${versions.toLocaleString('en')} versions under hashed keys, ${pollers} pollers, MongoDB, Kafka ` +
  'and metadata, all real. Counted by the endpoint: the different listings of a pass over all ranges, once two passes in a row ' +
  'were the same. Churn: as many versions go as come, half of these overwrite a key.';
