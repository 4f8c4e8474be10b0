import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3';
import { type OwnStack, type S3Access, s3Client, startOwnStack } from '@mirror/end-to-end';
import { generateBucket, waitFor } from '@mirror/testing';
import type { Benchmark } from './benchmark.js';

const versions = 200_000;
const goal = 1.5;

/** How long a full snapshot takes, measured against a bare listing loop of the same bucket by the stock SDK. */
export const snapshot: Benchmark = {
  name: 'snapshot',
  title: 'Full snapshot of 200,000 versions from MinIO into MongoDB ÷ a bare serial SDK listing loop',
  async run(report) {
    const environment = { poller: { POLL_REQUESTS_PER_SECOND: '1000' } };
    const stack = await startOwnStack(report, { environment });
    try {
      const connector = { ...stack.servers.connector, bucket: 'snapshot' };
      await fill(connector, report);
      report('listing by the stock SDK');
      const before = await bareLoop(connector);
      report('mirroring');
      const { seconds, listed } = await mirrorAll(stack, connector);
      report(`mirrored in ${seconds.toFixed(1)} s; listing by the stock SDK once more`);
      await stack.system.stop();
      const after = await bareLoop(connector);
      const bare = (before.seconds + after.seconds) / 2;
      if (listed !== before.versions) throw new Error(`mirrored ${listed} of ${before.versions} versions`);
      const ratio = seconds / bare;
      report(`bare ${before.seconds.toFixed(1)} s and ${after.seconds.toFixed(1)} s, snapshot ${seconds.toFixed(1)} s`);
      const measured = `${ratio.toFixed(2)} (${seconds.toFixed(1)} s ÷ ${bare.toFixed(1)} s)`;
      return { method, figures: [{ name: 'snapshot ÷ bare loop', measured, goal: `≤ ${goal}`, met: ratio <= goal }] };
    } finally {
      await stack.stop();
    }
  },
};

async function fill(connector: S3Access, report: (line: string) => void): Promise<void> {
  const s3 = s3Client(connector);
  await s3.send(new CreateBucketCommand({ Bucket: connector.bucket }));
  const onProgress = (done: number, total: number) => done % 20_000 === 0 && report(`filled ${done} of ${total}`);
  await generateBucket(s3, connector.bucket, { shape: { versions }, onProgress });
  s3.destroy();
}

async function bareLoop(connector: S3Access): Promise<{ seconds: number; versions: number }> {
  const s3 = s3Client(connector);
  const begin = performance.now();
  let count = 0;
  let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (markers) {
    const page: ListObjectVersionsCommandOutput = await s3.send(
      new ListObjectVersionsCommand({ Bucket: connector.bucket, ...markers }),
    );
    count += (page.Versions?.length ?? 0) + (page.DeleteMarkers?.length ?? 0);
    markers = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
      : undefined;
  }
  s3.destroy();
  return { seconds: (performance.now() - begin) / 1_000, versions: count };
}

/** From the bucket's creation until every version is in the namespace, by the mirror's own figures. */
async function mirrorAll({ system }: OwnStack, connector: S3Access): Promise<{ seconds: number; listed: number }> {
  const begin = performance.now();
  await system.mirror(connector.bucket, connector);
  const isComplete = async () => {
    const status = await system.status(connector.bucket);
    return status.snapshot.completedAt === null ? null : status;
  };
  const waiting = { timeoutMs: 400_000, intervalMs: 250, what: 'the snapshot to be complete' };
  const status = await waitFor(isComplete, waiting);
  return { seconds: (performance.now() - begin) / 1_000, listed: status.versions.mirrored ?? 0 };
}

const method =
  'One bucket of every kind of key in MinIO, everything on the same cores. The snapshot: from the request that makes the ' +
  'location, its checks included, until the mirror says that every version is listed, published and applied. The loop, before ' +
  'and after it: ListObjectVersions by the stock SDK, page after page, its answers thrown away.';
