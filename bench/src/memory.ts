import { ListObjectVersionsCommand, type ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3';
import { type OwnStack, s3Client, startOwnStack } from '@mirror/end-to-end';
import { startListingServer, type VersionedBucket } from '@mirror/testing';
import type { Benchmark, BenchmarkResult, Figure } from './benchmark.js';
import { residentMebibytes } from './resident-memory.js';

const sizes = [50_000, 200_000] as const;
const services = ['config', 'poller', 'metadata', 'gateway', 'replication'] as const;
type Service = (typeof services)[number];
const sampleEveryMs = 1_000;
/** Of the larger over the smaller. */
const mostGrowth = 0.15;
/** After the snapshot: passes, changes and descriptions go on. */
const steadySeconds = 40;
const changesPerSecond = 50;
const bucket = 'memory';

/** Whether the services' memory grows with the number of versions (I9). */
export const memory: Benchmark = {
  name: 'memory',
  title: 'Peak resident memory, by the number of versions',
  async run(report) {
    const [small, large] = [await measure(sizes[0], report), await measure(sizes[1], report)];
    return toResult(small, large);
  },
};

type Peaks = ReadonlyMap<Service, number>;

/** Fresh servers and services each time. The connector is in memory, for it is not what is measured. */
async function measure(versions: number, report: (line: string) => void): Promise<Peaks> {
  const stack = await startOwnStack(report);
  const connector = await startListingServer({
    personality: 's3Connector',
    seed: (contents) => fill(contents, versions),
  });
  const peaks = new Map<Service, number>();
  const sampling = setInterval(() => sample(stack, peaks), sampleEveryMs);
  try {
    const { endpoint, region, accessKeyId, secretAccessKey } = connector;
    const target = { endpoint, region, accessKeyId, secretAccessKey, bucket: connector.bucket };
    await stack.system.mirror(bucket, target);
    await stack.system.waitUntilLive(bucket, 400_000);
    report(`${versions} versions mirrored: ${say(peaks)}`);
    const churning = setInterval(() => change(connector.contents, versions), 1_000);
    const listed = await listAll(stack);
    await new Promise((resolve) => setTimeout(resolve, steadySeconds * 1_000));
    clearInterval(churning);
    sample(stack, peaks);
    report(`${listed} versions listed by the gateway, ${steadySeconds} s of changes: ${say(peaks)}`);
    return peaks;
  } finally {
    clearInterval(sampling);
    await stack.stop();
    await connector.stop();
  }
}

/** Two versions a key, in folders. */
function fill(contents: VersionedBucket, versions: number): void {
  for (let index = 0; index < versions; index += 1) contents.put(keyOf(index >> 1), { body: `body ${index}` });
}

const keyOf = (index: number): string =>
  `folder ${String(index % 97).padStart(2, '0')}/a name of usual length ${String(index).padStart(7, '0')}.bin`;

function change(contents: VersionedBucket, versions: number): void {
  for (let n = 0; n < changesPerSecond; n += 1) {
    contents.put(keyOf(Math.floor((Math.random() * versions) / 2)), { body: `changed ${n}` });
  }
}

async function listAll({ system }: OwnStack): Promise<number> {
  const client = s3Client(await system.gatewayAccess(bucket));
  let listed = 0;
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    const markers = { KeyMarker: page?.NextKeyMarker, VersionIdMarker: page?.NextVersionIdMarker };
    page = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, ...markers }));
    listed += page.Versions?.length ?? 0;
  } while (page.IsTruncated);
  client.destroy();
  return listed;
}

function sample({ system }: OwnStack, peaks: Map<Service, number>): void {
  for (const name of services) {
    const mebibytes = residentMebibytes(system.service(name).pid);
    if (mebibytes > (peaks.get(name) ?? 0)) peaks.set(name, mebibytes);
  }
}

const say = (peaks: Peaks): string => [...peaks].map(([name, peak]) => `${name} ${Math.round(peak)} MiB`).join(', ');

function toResult(small: Peaks, large: Peaks): BenchmarkResult {
  const figures = services.map((name): Figure => {
    const [before = 0, after = 0] = [small.get(name), large.get(name)];
    const growth = before > 0 ? after / before - 1 : Number.POSITIVE_INFINITY;
    return {
      name,
      measured: `${Math.round(before)} MiB, ${Math.round(after)} MiB: ${(growth * 100).toFixed(0)} %`,
      goal: `at most ${mostGrowth * 100} % more`,
      met: growth <= mostGrowth,
    };
  });
  return {
    method:
      `Resident memory of each service, sampled each second in fresh processes: a first snapshot, one listing of all versions ` +
      `through the gateway, and ${steadySeconds} s of ${changesPerSecond} changes a second. Its peak with ` +
      `${sizes.map((size) => size.toLocaleString('en')).join(' and with ')} versions.`,
    figures,
  };
}
