import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ListObjectVersionsCommand, type ListObjectVersionsCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { type ListedVersion, listVersionsPage } from '@mirror/connector';
import { s3Client } from '@mirror/end-to-end';
import type { Benchmark, BenchmarkResult } from './benchmark.js';
import { connectorClient } from './connector-client.js';
import { startEndpoint } from './endpoint.js';
import { quantile } from './statistics.js';

const versions = 200_000;
/** Enough for each way to pay for its own garbage: the whole heap is collected after some 150 unchanged pages. */
const pagesARound = 150;
const rounds = 5;
const warmUpRounds = 1;

/** CPU that a page of 1,000 versions takes in this process, with the stock SDK and with the product's code. */
export const pages: Benchmark = {
  name: 'pages',
  title: 'CPU of a page of 1,000 versions, the stock SDK ÷ ours',
  async run(report) {
    const endpoint = await startEndpoint({ family: 'dated', versions });
    const stock = s3Client(endpoint.access);
    const own = connectorClient(endpoint.access);
    try {
      await sameRecords(stock, own, endpoint.access.bucket);
      return toResult(await measure(stock, own, endpoint.access.bucket, report));
    } finally {
      stock.destroy();
      own.destroy();
      await endpoint.stop();
    }
  },
};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

type Way = (keyMarker: string) => Promise<string>;

/** Milliseconds of CPU a page, a round each, in turn. */
interface Costs {
  readonly stock: number[];
  readonly unchanged: number[];
  readonly changed: number[];
}

async function measure(stock: S3Client, own: S3Client, bucket: string, report: (line: string) => void): Promise<Costs> {
  const ways: Record<keyof Costs, Way> = {
    stock: async (keyMarker) => (await bySdk(stock, bucket, keyMarker)).at(-1)?.key ?? '',
    unchanged: async (keyMarker) => (await listVersionsPage(own, bucket, { keyMarker, maxKeys: 1_000 })).hash,
    changed: async (keyMarker) => (await byOurs(own, bucket, keyMarker)).at(-1)?.key ?? '',
  };
  const markers = await markersOf(own, bucket);
  const costs: Costs = { stock: [], unchanged: [], changed: [] };
  for (let round = 0; round < warmUpRounds + rounds; round += 1) {
    for (const [name, way] of Object.entries(ways) as [keyof Costs, Way][]) {
      const cost = await cpuOf(way, markers);
      if (round >= warmUpRounds) costs[name].push(cost);
    }
    report(
      `round ${round + 1}: ${Object.entries(costs)
        .map(([name, of]) => `${name} ${of.at(-1)?.toFixed(2)} ms`)
        .join(', ')}`,
    );
  }
  return costs;
}

/** Milliseconds of CPU a page, of all threads; the garbage of the way before is not collected in it. */
async function cpuOf(way: Way, markers: readonly string[]): Promise<number> {
  collectGarbage();
  const before = process.cpuUsage();
  for (const marker of markers) await way(marker);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / markers.length;
}

async function markersOf(own: S3Client, bucket: string): Promise<string[]> {
  const markers = ['!'];
  while (markers.length < pagesARound) {
    const listed = await byOurs(own, bucket, markers.at(-1) ?? '');
    markers.push(listed.at(-1)?.key ?? '');
  }
  return markers;
}

async function byOurs(own: S3Client, bucket: string, keyMarker: string): Promise<readonly ListedVersion[]> {
  return (await listVersionsPage(own, bucket, { keyMarker, maxKeys: 1_000 })).parse().versions;
}

/** The same records of what the SDK gives, which has versions and delete markers apart. */
async function bySdk(stock: S3Client, bucket: string, keyMarker: string): Promise<ListedVersion[]> {
  const command = { Bucket: bucket, KeyMarker: keyMarker, MaxKeys: 1_000, EncodingType: 'url' } as const;
  const page = await stock.send(new ListObjectVersionsCommand(command));
  return [...(page.Versions ?? []).map(versionOf), ...(page.DeleteMarkers ?? []).map(markerOf)];
}

type SdkVersion = NonNullable<ListObjectVersionsCommandOutput['Versions']>[number];
type SdkMarker = NonNullable<ListObjectVersionsCommandOutput['DeleteMarkers']>[number];

const factsOf = ({ Key = '', VersionId = '', IsLatest = false, LastModified }: SdkMarker) => ({
  key: Key.includes('%') ? decodeURIComponent(Key) : Key,
  versionId: VersionId,
  isLatest: IsLatest,
  lastModified: LastModified?.toISOString() ?? '',
});

const versionOf = (version: SdkVersion): ListedVersion => ({
  ...factsOf(version),
  kind: 'version',
  size: version.Size ?? 0,
  etag: (version.ETag ?? '').slice(1, -1),
  storageClass: version.StorageClass ?? '',
});

const markerOf = (marker: SdkMarker): ListedVersion => ({
  ...factsOf(marker),
  kind: 'deleteMarker',
  size: 0,
  etag: '',
  storageClass: '',
});

/** Both ways give the same, or there is nothing to compare. */
async function sameRecords(stock: S3Client, own: S3Client, bucket: string): Promise<void> {
  const text = (listed: readonly ListedVersion[]) =>
    listed
      .map(({ key, versionId, kind, isLatest, size, etag, lastModified, storageClass }) =>
        JSON.stringify([key, versionId, kind, isLatest, size, etag, lastModified, storageClass]),
      )
      .sort()
      .join('\n');
  const [ours, sdk] = [await byOurs(own, bucket, '2024'), await bySdk(stock, bucket, '2024')];
  if (ours.length !== 1_000 || text(ours) !== text(sdk)) throw new Error('the two ways give different records');
}

function toResult({ stock, unchanged, changed }: Costs): BenchmarkResult {
  const median = (costs: readonly number[]) => quantile(costs, 0.5);
  const milliseconds = (costs: readonly number[]) => `${median(costs).toFixed(2)} ms`;
  const ratio = (name: string, ours: readonly number[], goal: number) => {
    const times = median(stock) / median(ours);
    const measured = `${times.toFixed(1)} (${milliseconds(stock)} ÷ ${milliseconds(ours)})`;
    return { name, measured, goal: `≥ ${goal}`, met: times >= goal };
  };
  return {
    method:
      `${rounds} rounds of ${pagesARound} pages each, the three ways in turn, from a simulated endpoint in a process of its own; ` +
      'CPU of all threads of this process, signing, HTTP and its own garbage included; medians of the rounds. Unchanged: the ' +
      'body is hashed and not parsed. Changed: parsed and validated; the same records come out of both ways, compared before.',
    figures: [
      ratio('unchanged page, the stock SDK ÷ ours', unchanged, 12),
      ratio('changed page, the stock SDK ÷ ours', changed, 5),
    ],
  };
}
