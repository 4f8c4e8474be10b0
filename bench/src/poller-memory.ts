import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@mirror/testing';
import { MongoClient } from 'mongodb';
import type { Benchmark, BenchmarkResult } from './benchmark.js';
import { residentMebibytes } from './resident-memory.js';
import { type SimulatedMirror, startSimulatedMirror } from './simulated-mirror-stack.js';

const sizes = [100_000, 10_000_000] as const;
/** A small bucket is mirrored again and again, so that both pollers have listed for a while. */
const smallRounds = 10;
const steadyMs = 10_000;
const sampleEveryMs = 200;
/** Far more than the first listing takes on these cores. */
const msAVersion = 0.2;
const growthGoal = 1.15;
const stateGoal = 1;

/** What a poller holds in memory, and keeps in the database, whatever the size of the bucket. */
export const pollerMemory: Benchmark = {
  name: 'poller-memory',
  title: 'Memory of the poller alone, at 10 million versions ÷ at 100,000; state of its segments',
  async run(report) {
    const small = await measure(sizes[0], smallRounds, report);
    const large = await measure(sizes[1], 1, report);
    return toResult(small, large);
  },
};

interface Measured {
  /** MiB. */
  readonly peak: number;
  /** Bytes a version: documents of the segments, and with their indexes. */
  readonly documents: number;
  readonly stored: number;
}

async function measure(versions: number, rounds: number, report: (line: string) => void): Promise<Measured> {
  const fakes = new URL(`poller-fakes.js?versions=${versions}`, import.meta.url).href;
  const poller = { NODE_OPTIONS: `--import=${fakes}`, POLL_REQUESTS_PER_SECOND: '10000' };
  const mirror = await startSimulatedMirror(
    report,
    'size',
    { family: 'hashed', versions },
    { environment: { poller } },
  );
  let peak = 0;
  const { pid } = mirror.stack.system.service('poller');
  const sampling = setInterval(() => {
    peak = Math.max(peak, residentMebibytes(pid));
  }, sampleEveryMs);
  try {
    for (let round = 1; round <= rounds; round += 1) {
      await snapshot(mirror, versions);
      if (round < rounds) await mirror.end();
    }
    report(`${versions} versions, listed ${rounds} times: ${Math.round(peak)} MiB`);
    await sleep(steadyMs);
    report(`after ${steadyMs / 1_000} s of passes: ${Math.round(peak)} MiB`);
    return { peak, ...(await stateOf(mirror, versions)) };
  } finally {
    clearInterval(sampling);
    await mirror.stop();
  }
}

async function snapshot(mirror: SimulatedMirror, versions: number): Promise<void> {
  await mirror.begin();
  const isComplete = async () => {
    const { snapshot } = await mirror.stack.system.status(mirror.name);
    return snapshot.completedAt !== null && snapshot.versionsListed === versions;
  };
  const timeoutMs = 300_000 + versions * msAVersion;
  await waitFor(isComplete, { timeoutMs, intervalMs: 500, what: `${versions} versions to be listed` });
}

async function stateOf({ stack }: SimulatedMirror, versions: number): Promise<Omit<Measured, 'peak'>> {
  const url = new URL(stack.servers.mongodb.url);
  url.pathname = '/mirror';
  const mongo = await MongoClient.connect(url.href);
  const [stats] = await mongo
    .db()
    .collection('segments')
    .aggregate([{ $collStats: { storageStats: {} } }])
    .toArray();
  await mongo.close();
  const { size, storageSize, totalIndexSize } = stats?.storageStats ?? {};
  return { documents: size / versions, stored: (storageSize + totalIndexSize) / versions };
}

function toResult(small: Measured, large: Measured): BenchmarkResult {
  const growth = large.peak / small.peak;
  const memory = `${growth.toFixed(2)} (${Math.round(large.peak)} MiB ÷ ${Math.round(small.peak)} MiB)`;
  const state = `${large.documents.toFixed(2)} bytes; on disk, with indexes, ${large.stored.toFixed(2)}`;
  return {
    method,
    figures: [
      { name: 'peak resident memory', measured: memory, goal: `≤ ${growthGoal}`, met: growth <= growthGoal },
      {
        name: 'state of the segments a version, at 10 million',
        measured: state,
        goal: `≤ ${stateGoal} byte`,
        met: large.documents <= stateGoal,
      },
    ],
  };
}

const method =
  `The poller's own process, of which two edges are replaced: object changes go to a topic that keeps nothing and applies them ` +
  'at once, and the mirror is computed when it is read, with a bit a version for what was applied. Both pass the tests that ' +
  'the real ones pass. The endpoint is simulated, in another process; segments and leases are in a real MongoDB. ' +
  `${sizes[1].toLocaleString('en')} versions once, against ${sizes[0].toLocaleString('en')} ${smallRounds} times, each by a ` +
  `first snapshot, and ${steadyMs / 1_000} s of passes after it; resident memory sampled every ${sampleEveryMs} ms.`;
