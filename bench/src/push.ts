import { readFileSync } from 'node:fs';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type S3Access, type System, s3Client, startOwnStack } from '@mirror/end-to-end';
import { waitFor } from '@mirror/testing';
import type { Benchmark, BenchmarkResult, Figure } from './benchmark.js';
import { quantile } from './statistics.js';

const objects = 1_000;
const objectBytes = 100 * 1024;
const partBytes = 16 * 1024 * 1024;
const parts = 64;
/** As the replication service is set when nothing is set. */
const [objectsAtOnce, partsAtOnce] = [16, 4];
const mostTimes = 1.3;
const mostGrowthMiB = 100;
const bucket = 'push';
/** One takes a tenth more or less than the next. */
const rounds = 3;

/** One round. */
interface Measured {
  readonly copySeconds: number;
  readonly pushSeconds: number;
  /** Resident memory of the replication service, in MiB: before, and at most meanwhile. */
  readonly memoryMiB: readonly [before: number, most: number];
}

/** What clients uploaded while the mirror was paused, pushed; against the AWS SDK, which copies the same from bucket to bucket. */
export const push: Benchmark = {
  name: 'push',
  title: 'Uploads brought to the connector',
  async run(report) {
    const stack = await startOwnStack(report);
    try {
      const connector: S3Access = { ...stack.connector, bucket };
      const direct = s3Client(connector);
      for (const name of [bucket, 'source', 'copies']) await createBucket(direct, name);
      await stack.system.mirror(bucket, connector);
      await stack.system.waitUntilLive(bucket);
      const access = await stack.system.gatewayAccess(bucket, 'writer');
      const gateway = s3Client(access);
      // What a process does for the first time takes it longer: both sides have done it before they are measured.
      report('warming up');
      const measured = (put: Work, copy: Work) => measure(stack.system, direct, gateway, put, copy, report);
      await measured(putObjects, copyObjects);
      const [small, large]: [Measured[], Measured[]] = [[], []];
      for (let round = 0; round < rounds; round++) small.push(await measured(putObjects, copyObjects));
      for (let round = 0; round < rounds; round++) large.push(await measured(putLarge, copyLarge));
      return toResult(small, large);
    } finally {
      await stack.stop();
    }
  },
};

type Work = (s3: S3Client, bucket: string) => Promise<void>;

/** The same is put into the source and, with the mirror paused, to the gateway; then copied, then pushed. */
async function measure(
  system: System,
  direct: S3Client,
  gateway: S3Client,
  put: Work,
  copy: Work,
  report: (line: string) => void,
): Promise<Measured> {
  await system.api.post(`/v1/buckets/${bucket}/pause`, {});
  await Promise.all([put(direct, 'source'), put(gateway, bucket)]);
  report('copying straight');
  const copySeconds = await secondsOf(() => copy(direct, 'copies'));
  const before = residentMiB(system);
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, residentMiB(system));
  }, 100);
  report(`copied in ${copySeconds.toFixed(2)} s; pushing`);
  const pushSeconds = await secondsOf(() => resumeAndWait(system));
  clearInterval(watch);
  report(`pushed in ${pushSeconds.toFixed(2)} s`);
  return { copySeconds, pushSeconds, memoryMiB: [before, most] };
}

/**
 * From the resumption, which takes its way over Kafka, until nothing waits. Asked rarely enough that the questions themselves
 * take nothing of the two cores, and oftener towards the end; it is seen later by that, never earlier.
 */
async function resumeAndWait(system: System): Promise<void> {
  await system.api.post(`/v1/buckets/${bucket}/resume`, {});
  const waiting = async () => (await system.status(bucket)).uploads?.waiting ?? Number.POSITIVE_INFINITY;
  const few = (await waiting()) / 10;
  const timeoutMs = 300_000;
  await waitFor(async () => (await waiting()) <= few, {
    what: 'most of them to be pushed',
    timeoutMs,
    intervalMs: 200,
  });
  await waitFor(async () => (await waiting()) === 0, { what: 'all of them to be pushed', timeoutMs, intervalMs: 50 });
}

const putObjects: Work = (s3, Bucket) =>
  eachAtMost(objects, objectsAtOnce, async (index) => {
    const Body = Buffer.alloc(objectBytes, `object ${index};`);
    await s3.send(new PutObjectCommand({ Bucket, Key: `objects/${index}`, Body }));
  });

const copyObjects: Work = (s3, Bucket) =>
  eachAtMost(objects, objectsAtOnce, async (index) => {
    const Key = `objects/${index}`;
    const { Body, ContentLength } = await s3.send(new GetObjectCommand({ Bucket: 'source', Key }));
    await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength }));
  });

const putLarge: Work = (s3, Bucket) =>
  multipart(s3, Bucket, async (part) => ({ Body: Buffer.alloc(partBytes, `part ${part};`) }));

const copyLarge: Work = (s3, Bucket) =>
  multipart(s3, Bucket, async (part) => {
    const Range = `bytes=${part * partBytes}-${(part + 1) * partBytes - 1}`;
    const { Body, ContentLength } = await s3.send(new GetObjectCommand({ Bucket: 'source', Key: 'large', Range }));
    return { Body, ContentLength };
  });

type PartBody = (part: number) => Promise<Pick<PutObjectCommand['input'], 'Body' | 'ContentLength'>>;

async function multipart(s3: S3Client, Bucket: string, bodyOf: PartBody): Promise<void> {
  const Key = 'large';
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const Parts: { ETag: string | undefined; PartNumber: number }[] = [];
  await eachAtMost(parts, partsAtOnce, async (part) => {
    const request = { Bucket, Key, UploadId, PartNumber: part + 1, ...(await bodyOf(part)) };
    Parts[part] = { ETag: (await s3.send(new UploadPartCommand(request))).ETag, PartNumber: part + 1 };
  });
  await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
}

async function eachAtMost(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function createBucket(s3: S3Client, Bucket: string): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

/** Of the process, as Linux counts it; 0 elsewhere. */
function residentMiB(system: System): number {
  try {
    const status = readFileSync(`/proc/${system.service('replication').pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function toResult(small: readonly Measured[], large: readonly Measured[]): BenchmarkResult {
  const before = Math.min(...large.map(({ memoryMiB: [idle] }) => idle));
  const most = Math.max(...large.map(({ memoryMiB: [, pushing] }) => pushing));
  return {
    method:
      `${objects} objects of 100 KiB, and one of 1 GiB in ${parts} parts, uploaded through the gateway while the mirror was ` +
      `paused; ${rounds} rounds of each after one of small objects that is not counted, medians of the rounds. Measured from the ` +
      'resumption until nothing waits, against the AWS SDK copying the same from one bucket of the connector to another in the ' +
      `same round, ${objectsAtOnce} objects or ${partsAtOnce} parts at once on both sides.`,
    figures: [
      times(`${objects} objects of 100 KiB`, small),
      times('1 GiB in parts', large),
      {
        name: 'resident memory of the replication service over the 1 GiB',
        measured: `${Math.round(before)} to ${Math.round(most)} MiB`,
        goal: `at most ${mostGrowthMiB} MiB more`,
        met: most - before <= mostGrowthMiB,
      },
    ],
  };
}

function times(name: string, measured: readonly Measured[]): Figure {
  const shares = measured.map(({ pushSeconds, copySeconds }) => pushSeconds / copySeconds);
  const share = quantile(shares, 0.5);
  const seconds = (all: readonly number[]) => `${quantile(all, 0.5).toFixed(2)} s`;
  const pushed = seconds(measured.map(({ pushSeconds }) => pushSeconds));
  const copied = seconds(measured.map(({ copySeconds }) => copySeconds));
  const all = shares.map((one) => one.toFixed(2)).join(', ');
  return {
    name,
    measured: `${share.toFixed(2)} times (of ${all}; ${pushed}, the SDK ${copied})`,
    goal: `at most ${mostTimes} times`,
    met: share <= mostTimes,
  };
}
