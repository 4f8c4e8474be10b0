import { setTimeout as sleep } from 'node:timers/promises';
import { locationOf, type OwnStack, startOwnStack } from '@mirror/end-to-end';
import type { AnsweredListing } from '@mirror/testing';
import { waitFor } from '@mirror/testing';
import type { Benchmark, Figure } from './benchmark.js';
import { type SimulatedEndpoint, startEndpoint } from './endpoint.js';

const versions = 400_000;
const pollers = 4;
const visitsAtOnce = 4;
/** Long enough that the endpoint, and no processor, is what is waited for. */
const snapshotLatencyMs = 1_500;
const passLatencyMs = 250;
const intervalMs = 6_000;
const churnShare = 0.01;
const measureMs = 12_000;
const steadyWithinMs = 180_000;
const bucket = 'passes';

const serialRequests = Math.ceil(versions / 1_000);

/** What a first snapshot and later passes cost, and how they are shared; real pollers, MongoDB and Kafka. */
export const passes: Benchmark = {
  name: 'passes',
  title: 'Requests and rounds of the first snapshot, requests of a steady pass, pollers that share it',
  async run(report) {
    const endpoint = await startEndpoint({ family: 'hashed', versions });
    const poller = {
      POLL_VISITS_AT_ONCE: String(visitsAtOnce),
      POLL_INTERVAL_MS: String(intervalMs),
    };
    const stack = await startOwnStack(report, { pollers, environment: { poller } });
    try {
      const figures = await firstSnapshot(stack, endpoint, report);
      figures.push(await steadyPass('requests of a steady pass ÷ ⌈V/1000⌉', endpoint, report));
      await endpoint.churn(churnShare, 1);
      figures.push(await steadyPass('the same after 1 % churn', endpoint, report));
      figures.push(...(await scaling(stack, endpoint, report)));
      return { method: method(), figures };
    } finally {
      await stack.stop();
      await endpoint.stop();
    }
  },
};

async function firstSnapshot(
  { system }: OwnStack,
  endpoint: SimulatedEndpoint,
  report: (line: string) => void,
): Promise<Figure[]> {
  // The checks of a new location must be quick; the snapshot begins with the bucket.
  await system.api.post('/v1/locations', locationOf('simulated', endpoint.access));
  await endpoint.setLatency(snapshotLatencyMs);
  await system.api.post('/v1/buckets', { name: bucket, locationConstraint: 'simulated:ingest' });
  const isListed = async () => ((await system.status(bucket)).snapshot.versionsListed ?? 0) >= versions;
  await waitFor(isListed, { timeoutMs: 240_000, intervalMs: 200, what: 'the first snapshot to be listed' });
  const { listings } = await endpoint.take();
  await endpoint.setLatency(0);
  const first = firstOfEach(listings);
  const begun = Math.min(...first.map(({ from }) => from));
  const rounds = (Math.max(...first.map(({ to }) => to)) - begun) / snapshotLatencyMs;
  report(`first snapshot: ${listings.length} listings, ${first.length} different, ${rounds.toFixed(1)} rounds`);
  await system.waitUntilLive(bucket, 300_000);
  return [
    ratioFigure('requests of the first snapshot ÷ ⌈V/1000⌉', first.length / serialRequests, 1.25),
    ratioFigure('its dependent rounds ÷ serial', rounds / serialRequests, 0.15),
  ];
}

/** A range that is visited again while others wait for their first visit is no part of the first listing. */
function firstOfEach(listings: readonly AnsweredListing[]): AnsweredListing[] {
  const byStart = new Map<string, AnsweredListing>();
  for (const listing of listings) if (!byStart.has(listing.asked)) byStart.set(listing.asked, listing);
  return [...byStart.values()];
}

/**
 * The different listings of a window, once two windows in a row have the very same: then each range was visited in both, and no
 * segment is being cut or joined any more.
 */
async function steadyPass(name: string, endpoint: SimulatedEndpoint, report: (line: string) => void): Promise<Figure> {
  let before = '';
  let windowMs = 2 * intervalMs;
  for (const until = performance.now() + steadyWithinMs; performance.now() < until; windowMs *= 1.2) {
    await endpoint.take();
    await sleep(windowMs);
    const { listings, versions: there } = await endpoint.take();
    const different = [...new Set(listings.map(({ asked }) => asked))].sort();
    const ratio = different.length / Math.ceil(there / 1_000);
    report(`${listings.length} listings in ${Math.round(windowMs)} ms, ${ratio.toFixed(3)} different ones a page`);
    if (different.join() === before) return ratioFigure(name, ratio, 1.02);
    before = different.join();
  }
  return { name, measured: 'not steady in time', goal: '≤ 1.02', met: false };
}

/** Listings a second while every range is overdue; the same work for four, two and one. */
async function scaling(
  { system }: OwnStack,
  endpoint: SimulatedEndpoint,
  report: (line: string) => void,
): Promise<Figure[]> {
  await endpoint.setLatency(passLatencyMs);
  const rates: Record<number, number> = {};
  const running = [...system.pollers];
  for (const count of [4, 2, 1]) {
    while (running.length > count) await running.pop()?.stop();
    await sleep(measureMs);
    await endpoint.take();
    await sleep(measureMs);
    rates[count] = ((await endpoint.take()).listings.length / measureMs) * 1_000;
    report(`${count} pollers: ${rates[count]?.toFixed(1)} listings a second`);
  }
  return [2, 4].map((count): Figure => {
    const linear = (rates[count] ?? 0) / ((rates[1] ?? 1) * count);
    return {
      name: `${count} pollers ÷ ${count} × one`,
      measured: linear.toFixed(2),
      goal: '≥ 0.9',
      met: linear >= 0.9,
    };
  });
}

function ratioFigure(name: string, ratio: number, most: number): Figure {
  return { name, measured: ratio.toFixed(3), goal: `≤ ${most}`, met: ratio <= most };
}

const method = (): string =>
  `A simulated endpoint with ${versions.toLocaleString('en')} versions under hashed keys, ${pollers} pollers with ` +
  `${visitsAtOnce} visits at once each, MongoDB, Kafka and metadata, all real. Counted by the endpoint. The first snapshot ` +
  `with ${snapshotLatencyMs} ms a page; its rounds are its time in pages' latencies, serially it would be ⌈V/1000⌉. A steady ` +
  `pass: the different listings of a window in which every range is visited, once two in a row were the same. ` +
  `Pollers: listings a second at ${passLatencyMs} ms a page, with four, two and one of them.`;
