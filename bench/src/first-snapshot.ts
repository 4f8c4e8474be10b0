import type { AnsweredListing, KeyFamily } from '@mirror/testing';
import { waitFor } from '@mirror/testing';
import type { Benchmark, Figure } from './benchmark.js';
import { startSimulatedMirror } from './simulated-mirror-stack.js';

const versions = 400_000;
const pollers = 4;
const visitsAtOnce = 4;
/** Long enough that the endpoint, and no processor, is what is waited for. */
const latencyMs = 1_500;
const families: readonly KeyFamily[] = ['hashed', 'nested'];

const serialRequests = Math.ceil(versions / 1_000);

/** What the first snapshot of unknown keys costs, as running pollers list it. */
export const firstSnapshot: Benchmark = {
  name: 'first-snapshot',
  title: 'Requests and dependent rounds of the first parallel snapshot',
  async run(report) {
    const figures: Figure[] = [];
    for (const family of families) figures.push(...(await measure(family, report)));
    return { method, figures };
  },
};

async function measure(family: KeyFamily, report: (line: string) => void): Promise<Figure[]> {
  const environment = {
    // No range is visited a second time meanwhile.
    poller: { POLL_VISITS_AT_ONCE: String(visitsAtOnce), POLL_INTERVAL_MS: '3600000' },
  };
  const mirror = await startSimulatedMirror(report, family, { family, versions }, { pollers, environment });
  try {
    const { endpoint, stack } = mirror;
    await endpoint.setLatency(latencyMs);
    await mirror.begin();
    const isListed = async () => ((await stack.system.status(family)).snapshot.versionsListed ?? 0) >= versions;
    await waitFor(isListed, { timeoutMs: 240_000, intervalMs: 500, what: 'the first snapshot to be listed' });
    return figuresOf(family, (await endpoint.take()).listings, report);
  } finally {
    await mirror.stop();
  }
}

function figuresOf(family: KeyFamily, listings: readonly AnsweredListing[], report: (line: string) => void): Figure[] {
  const different = new Set(listings.map(({ asked }) => asked)).size;
  const begun = Math.min(...listings.map(({ from }) => from));
  const rounds = (Math.max(...listings.map(({ to }) => to)) - begun) / latencyMs;
  report(`${family}: ${listings.length} listings, ${different} different, ${rounds.toFixed(1)} rounds`);
  return [
    ratioFigure(`${family}: requests ÷ ⌈V/1000⌉`, listings.length / serialRequests, 1.25),
    ratioFigure(`${family}: dependent rounds ÷ serial`, rounds / serialRequests, 0.15),
  ];
}

function ratioFigure(name: string, ratio: number, most: number): Figure {
  return { name, measured: ratio.toFixed(3), goal: `≤ ${most}`, met: ratio <= most };
}

const method =
  `A simulated endpoint with ${versions.toLocaleString('en')} versions and ${latencyMs} ms a page, ${pollers} pollers with ` +
  `${visitsAtOnce} visits at once each, MongoDB, Kafka and metadata, all real and on the same cores. All listings that the ` +
  'endpoint answered until every version was listed; the rounds are that time in latencies of a page, serially ⌈V/1000⌉.';
