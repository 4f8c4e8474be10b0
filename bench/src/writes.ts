import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyWrites, Namespace, openMongo, toTimestamp, type VersionWrite } from '@mirror/namespace';
import { SimulatedBucket, startMongo } from '@mirror/testing';
import type { Benchmark, BenchmarkResult } from './benchmark.js';
import { quantile } from './statistics.js';

const versions = 100_000;
const batch = 1_000;
const rounds = 5;

/** What the guard of rule R1 costs, and what a replay does. */
export const writes: Benchmark = {
  name: 'writes',
  title: 'Guarded bulk writes and a replay',
  async run(report) {
    const dataDir = mkdtempSync(join(tmpdir(), 'mirror-bench-'));
    const server = await startMongo({ dataDir, report });
    const mongo = await openMongo(`${server.url.replace(/\/?(\?.*)?$/, '')}/writes?replicaSet=rs0`, 'bench');
    try {
      const batches = batchesOf(new SimulatedBucket('hashed', versions, 1));
      const measured: Round[] = [];
      for (let round = 0; round <= rounds; round += 1) {
        const each = await measure(new Namespace(mongo.db()), `round-${round}`, batches);
        if (round > 0) measured.push(each); // the first warms up
        report(JSON.stringify(each));
      }
      return toResult(measured);
    } finally {
      await mongo.close();
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};

/** Seconds for all versions, and how many documents the replay changed. */
interface Round {
  readonly raw: number;
  readonly guarded: number;
  readonly replay: number;
  readonly changed: number;
}

async function measure(namespace: Namespace, name: string, batches: readonly VersionWrite[][]): Promise<Round> {
  await namespace.prepareMirror(`${name}-raw`);
  await namespace.prepareMirror(name);
  const bare = namespace.versions(`${name}-raw`);
  const versionsOf = namespace.versions(name);
  const raw = await secondsOf(batches, async (writesOf) => {
    // The very documents that the guarded way makes, in the order that suits the database.
    await bare.insertMany(
      writesOf.flatMap(documentOf).sort((a, b) => (a._id.k < b._id.k ? -1 : 1)),
      { ordered: false },
    );
  });
  const guarded = await secondsOf(batches, async (writesOf) => void (await applyWrites(versionsOf, writesOf, false)));
  let changed = 0;
  let expectKnown = false;
  const replay = await secondsOf(batches, async (writesOf) => {
    const result = await applyWrites(versionsOf, writesOf, expectKnown);
    expectKnown = result.known * 2 > writesOf.length;
    changed += result.changed + result.inserted;
  });
  return { raw, guarded, replay, changed };
}

async function secondsOf(
  batches: readonly VersionWrite[][],
  write: (writesOf: readonly VersionWrite[]) => Promise<void>,
): Promise<number> {
  const begin = performance.now();
  for (const each of batches) await write(each);
  return (performance.now() - begin) / 1_000;
}

function batchesOf(bucket: SimulatedBucket): VersionWrite[][] {
  const { versions: listed } = bucket.page({ keyMarker: '', versionIdMarker: '' }, '', versions);
  const observed = { startedAt: toTimestamp('4294967297'), endedAt: toTimestamp('4294967298') };
  const all = listed.map(({ key, versionId, kind, size, etag, lastModified, isLatest }): VersionWrite => {
    const facts = {
      kind,
      place: isLatest ? 0 : 1,
      size,
      etag,
      storageClass: 'STANDARD',
      lastModified: new Date(lastModified),
    };
    return { kind: 'put', id: { k: key, v: versionId }, facts, observed, described: null };
  });
  return Array.from({ length: Math.ceil(all.length / batch) }, (_, index) =>
    all.slice(index * batch, (index + 1) * batch),
  );
}

function documentOf(write: VersionWrite) {
  if (write.kind !== 'put') return [];
  const { id, facts, observed } = write;
  return [{ _id: id, live: true, ...facts, listedAt: observed.endedAt, description: null, describedAt: null }];
}

function toResult(measured: readonly Round[]): BenchmarkResult {
  const share = quantile(
    measured.map(({ raw, guarded }) => raw / guarded),
    0.5,
  );
  const speed = quantile(
    measured.map(({ guarded, replay }) => guarded / replay),
    0.5,
  );
  const changed = measured.reduce((sum, each) => sum + each.changed, 0);
  const perSecond = (of: (round: Round) => number) => Math.round(versions / quantile(measured.map(of), 0.5));
  return {
    method:
      `${versions.toLocaleString('en')} versions in batches of ${batch.toLocaleString('en')}, into MongoDB with the mirror's indexes, ` +
      `${rounds} rounds into new collections, medians. Raw: unordered insertMany of the same documents. Guarded: what metadata ` +
      'writes a batch of changes with. Replay: the same batches once more.',
    figures: [
      { name: 'guarded ÷ raw', measured: share.toFixed(2), goal: '≥ 0.5', met: share >= 0.5 },
      { name: 'documents that the replay changed', measured: String(changed), goal: '0', met: changed === 0 },
      { name: 'replay: times as fast as the first pass', measured: speed.toFixed(1), goal: '≥ 2', met: speed >= 2 },
      {
        name: 'versions a second: raw, guarded, replay',
        measured: `${perSecond(({ raw }) => raw)}, ${perSecond(({ guarded }) => guarded)}, ${perSecond(({ replay }) => replay)}`,
        goal: '',
        met: true,
      },
    ],
  };
}
