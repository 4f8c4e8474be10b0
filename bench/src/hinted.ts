import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type OwnStack, type S3Access, s3Client, startOwnStack, waitUntilEqual } from '@mirror/end-to-end';
import { freePorts } from '@mirror/local';
import { generateBucket, waitFor } from '@mirror/testing';
import { MongoClient } from 'mongodb';
import type { Benchmark, BenchmarkResult } from './benchmark.js';
import { quantile } from './statistics.js';

const versions = 20_000;
const putsPerSecond = 50;
const seconds = 40;
/** The first seconds are not measured. */
const warmUpSeconds = 5;
/** Each so-manieth put is looked for: looking takes CPU from what is measured. */
const watchedShare = 5;
/** A sample is up to this much too long. */
const lookEveryMs = 25;
const giveUpAfterMs = 30_000;
const token = 'bench-8f2c-hints-51ae';
const settings = { POLL_REQUESTS_PER_SECOND: '400', POLL_INTERVAL_MS: '10000', HINTS_TOKEN: token };

/** How long a put at the connector takes to be listed by the gateway, where the connector tells of its changes. */
export const hinted: Benchmark = {
  name: 'hinted',
  title: 'Put at the connector to visible through the gateway, with hints',
  async run(report) {
    const [port = 0] = await freePorts(1);
    const stack = await startOwnStack(report, {
      ports: { poller: port },
      environment: { poller: settings },
      connectorEnv: webhookTo(port),
    });
    try {
      const connector = { ...stack.servers.connector, bucket: 'hinted' };
      const mirror = await stack.system.gatewayAccess(connector.bucket);
      await mirrorFilled(stack, connector, mirror, report);
      const delays = await measure(connector, mirror, report);
      await waitUntilEqual(mirror, connector, 120_000);
      return toResult(delays);
    } finally {
      await stack.stop();
    }
  },
};

const webhookTo = (port: number) => ({
  MINIO_NOTIFY_WEBHOOK_ENABLE_main: 'on',
  MINIO_NOTIFY_WEBHOOK_ENDPOINT_main: `http://127.0.0.1:${port}/hints/v1/s3-events`,
  MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_main: token,
});

async function mirrorFilled(
  { servers, system }: OwnStack,
  connector: S3Access,
  mirror: S3Access,
  report: (line: string) => void,
): Promise<void> {
  const s3 = s3Client(connector);
  await s3.send(new CreateBucketCommand({ Bucket: connector.bucket }));
  const onProgress = (done: number, total: number) => done % 5_000 === 0 && report(`filled ${done} of ${total}`);
  await generateBucket(s3, connector.bucket, { shape: { versions }, onProgress });
  await system.mirror(connector.bucket, connector);
  await system.waitUntilLive(connector.bucket, 300_000);
  await waitUntilEqual(mirror, connector, 120_000);
  report('Waiting until what the snapshot found is described');
  await untilDescribed(servers.mongodb.url);
  const QueueConfigurations = [
    { QueueArn: 'arn:minio:sqs::main:webhook', Events: ['s3:ObjectCreated:*' as const, 's3:ObjectRemoved:*' as const] },
  ];
  const NotificationConfiguration = { QueueConfigurations };
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: connector.bucket, NotificationConfiguration }));
  s3.destroy();
}

/** Only the database knows, for nobody waits for it: until then describing takes what CPU there is. */
async function untilDescribed(mongodbUrl: string): Promise<void> {
  await using mongo = await MongoClient.connect(mongodbUrl);
  const segments = mongo.db('mirror').collection('segments');
  const isDone = async () => (await segments.countDocuments({ undescribed: true })) === 0;
  await waitFor(isDone, { timeoutMs: 360_000, intervalMs: 1_000, what: 'everything to be described' });
}

/** Milliseconds of each watched put, from the connector's answer to the gateway's listing. */
async function measure(connector: S3Access, mirror: S3Access, report: (line: string) => void): Promise<number[]> {
  const source = s3Client(connector);
  const gateway = s3Client(mirror);
  const delays: number[] = [];
  const puts: Promise<void>[] = [];
  const beganAt = performance.now();
  for (let n = 0; n < putsPerSecond * seconds; n += 1) {
    const dueAt = beganAt + (n * 1_000) / putsPerSecond;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueAt - performance.now())));
    const isWatched = n % watchedShare === 0;
    puts.push(
      put(source, connector.bucket, keyOf(n)).then(async (versionId) => {
        if (!isWatched) return;
        const delay = await untilListed(gateway, connector.bucket, keyOf(n), versionId);
        if (n >= putsPerSecond * warmUpSeconds) delays.push(delay);
      }),
    );
    if (n % 500 === 499) report(`${n + 1} puts, median ${Math.round(quantile([...delays, 0], 0.5))} ms`);
  }
  const tookSeconds = (performance.now() - beganAt) / 1_000;
  await Promise.all(puts);
  report(`${puts.length} puts in ${tookSeconds.toFixed(1)} s`);
  source.destroy();
  gateway.destroy();
  return delays;
}

/** New keys all over the key space, each overwritten once, a while later. */
function keyOf(n: number): string {
  const folders = ['Case', 'deep/3', 'hot', 'logs', 'my documents', 'photos/2026/07', 'sums', 'zzz', '写真', '0'];
  return `${folders[n % folders.length]}/hinted ${(n * 7919) % 1_000}.txt`;
}

async function put(source: S3Client, bucket: string, key: string): Promise<string | undefined> {
  const answer = await source.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: `put at ${Date.now()}` }));
  return answer.VersionId;
}

async function untilListed(
  gateway: S3Client,
  bucket: string,
  key: string,
  versionId: string | undefined,
): Promise<number> {
  const putAt = performance.now();
  const isListed = async () => {
    const page = await gateway.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key, MaxKeys: 5 }));
    return page.Versions?.some((version) => version.VersionId === versionId);
  };
  await waitFor(isListed, { timeoutMs: giveUpAfterMs, intervalMs: lookEveryMs, what: `${key} to be visible` });
  return performance.now() - putAt;
}

function toResult(delays: readonly number[]): BenchmarkResult {
  const figure = (name: string, share: number, goalMs: number | null) => {
    const value = quantile(delays, share);
    const goal = goalMs === null ? '' : `≤ ${goalMs} ms`;
    return { name, measured: `${Math.round(value)} ms`, goal, met: goalMs === null || value <= goalMs };
  };
  return {
    method:
      `A mirror of ${versions.toLocaleString('en')} versions, ${putsPerSecond} puts a second at the connector for ` +
      `${seconds} s, new keys and overwrites all over the key space; MinIO posts its event records to the poller's webhook. ` +
      `Measured from the connector's answer until the gateway lists that version, for every ${watchedShare}th put after the ` +
      `first ${warmUpSeconds} s (${delays.length}), asked every ${lookEveryMs} ms; servers, services and load all on this ` +
      `machine. ${Object.entries(settings)
        .slice(0, 2)
        .map(([name, value]) => `\`${name}=${value}\``)
        .join(', ')}.`,
    figures: [figure('median', 0.5, 250), figure('99th percentile', 0.99, 1_000), figure('largest', 1, null)],
  };
}
