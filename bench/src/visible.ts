import { CreateBucketCommand, ListObjectVersionsCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { type S3Access, s3Client, startOwnStack, waitUntilEqual } from '@mirror/end-to-end';
import { generateBucket, seededRandom, waitFor } from '@mirror/testing';
import type { Benchmark, BenchmarkResult } from './benchmark.js';
import { quantile } from './statistics.js';

const versions = 20_000;
const puts = 60;
/** Looking at the gateway takes CPU from what is measured, so not more often; a sample is up to this much too long. */
const lookEveryMs = 100;
/** Between one put seen and the next, drawn anew each time, so that puts fall anywhere between two visits. */
const maxPauseMs = 1_500;
const giveUpAfterMs = 60_000;

/** How long a put at the connector takes to be listed by the gateway, in a mirror of 20,000 versions. */
export const visible: Benchmark = {
  name: 'visible',
  title: 'Put at the connector to visible through the gateway',
  async run(report) {
    const stack = await startOwnStack(report);
    try {
      const connector = { ...stack.servers.connector, bucket: 'visible' };
      const mirror = await stack.system.gatewayAccess(connector.bucket);
      await fill(connector, report);
      await stack.system.mirror(connector.bucket, connector);
      await stack.system.waitUntilLive(connector.bucket, 300_000);
      await waitUntilEqual(mirror, connector, 120_000);
      return toResult(await measure(connector, mirror, report));
    } finally {
      await stack.stop();
    }
  },
};

async function fill(connector: S3Access, report: (line: string) => void): Promise<void> {
  const s3 = s3Client(connector);
  await s3.send(new CreateBucketCommand({ Bucket: connector.bucket }));
  const onProgress = (done: number, total: number) => done % 5_000 === 0 && report(`filled ${done} of ${total}`);
  await generateBucket(s3, connector.bucket, { shape: { versions }, onProgress });
  s3.destroy();
}

/** Milliseconds of each put, from the connector's answer to the gateway's listing. */
async function measure(connector: S3Access, mirror: S3Access, report: (line: string) => void): Promise<number[]> {
  const source = s3Client(connector);
  const gateway = s3Client(mirror);
  const random = seededRandom(1);
  const delays: number[] = [];
  for (let n = 0; n < puts; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, random() * maxPauseMs));
    delays.push(await putAndWait(source, gateway, connector.bucket, keyOf(n)));
    if ((n + 1) % 10 === 0) report(`${n + 1} of ${puts} puts, median ${Math.round(quantile(delays, 0.5))} ms`);
  }
  source.destroy();
  gateway.destroy();
  return delays;
}

/** New keys all over the key space, each overwritten a few puts later. */
function keyOf(n: number): string {
  const folders = ['Case', 'deep/3', 'hot', 'logs', 'my documents', 'photos/2026/07', 'sums', 'zzz', '写真', '0'];
  return `${folders[n % folders.length]}/visible ${Math.floor(n / folders.length / 2)}.txt`;
}

async function putAndWait(source: S3Client, gateway: S3Client, bucket: string, key: string): Promise<number> {
  const put = await source.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: `put at ${Date.now()}` }));
  const putAt = performance.now();
  const isListed = async () => {
    const page = await gateway.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key }));
    return page.Versions?.some(({ VersionId, IsLatest }) => VersionId === put.VersionId && IsLatest === true);
  };
  await waitFor(isListed, { timeoutMs: giveUpAfterMs, intervalMs: lookEveryMs, what: `${key} to be visible` });
  return performance.now() - putAt;
}

function toResult(delays: readonly number[]): BenchmarkResult {
  const figure = (name: string, share: number, goalMs: number | null) => {
    const value = quantile(delays, share);
    const goal = goalMs === null ? '' : `${goalMs / 1000} s`;
    return { name, measured: `${(value / 1000).toFixed(2)} s`, goal, met: goalMs === null || value <= goalMs };
  };
  return {
    method:
      `A mirror of ${versions.toLocaleString('en')} versions; ${puts} puts at the connector, new keys and overwrites all over ` +
      `the key space, at random times. Measured from the connector's answer until the gateway lists that version as latest, ` +
      `asked every ${lookEveryMs} ms.`,
    figures: [figure('median', 0.5, 2_000), figure('95th percentile', 0.95, null), figure('largest', 1, 5_000)],
  };
}
