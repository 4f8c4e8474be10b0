import type { S3Client } from '@aws-sdk/client-s3';
import { type Churned, type ChurnOptions, churn, type GeneratedBucket, generateBucket } from '@mirror/testing';
import { waitUntilEqual } from './compare.js';
import { killInTurn } from './kill-in-turn.js';
import { type S3Access, type Status, type System, s3Client } from './system.js';

export interface MainJob {
  /** Of the generated bucket, delete markers included. */
  readonly versions: number;
  /** Every so many milliseconds one of the pollers is killed, from the first listing on; never when not given. */
  readonly killPollerEveryMs?: number;
  readonly churn: Pick<ChurnOptions, 'seconds' | 'changesPerSecond'>;
  readonly report: (line: string) => void;
}

export interface MainJobFigures {
  readonly generated: GeneratedBucket;
  readonly live: Status;
  /** From the request that made the mirrored bucket to the end of its snapshot. */
  readonly snapshotSeconds: number;
  readonly churned: Churned;
  /** From the last change to two equal sides. */
  readonly settleSeconds: number;
  /** Pollers that were killed between the begin of the snapshot and the last comparison. */
  readonly kills: number;
  /** What the comparisons printed, after the snapshot and after the churn. */
  readonly comparisons: readonly [string, string];
}

const leastTimeoutMs = 300_000;
const snapshotTimeoutMs = (versions: number): number => Math.max(leastTimeoutMs, versions * 9);
/**
 * Removals are believed late: at the second listing that misses them. An endpoint may need longer for a listing of all than the
 * snapshot took, while the judge lists it as well.
 */
const settleTimeoutMs = (versions: number, snapshotSeconds: number): number =>
  Math.max(snapshotTimeoutMs(versions), snapshotSeconds * 4_000);

/**
 * The main job, end to end: a connector's bucket is filled, mirrored, compared, changed, and compared again. The bucket at
 * the connector exists, empty and never versioned. Fails where the two sides do not become equal.
 */
export async function runMainJob(system: System, connector: S3Access, job: MainJob): Promise<MainJobFigures> {
  const s3 = s3Client(connector);
  const onProgress = (done: number, total: number) => done % 5_000 === 0 && job.report(`filled ${done} of ${total}`);
  const shape = { versions: job.versions, alikeFolders: true };
  const generated = await generateBucket(s3, connector.bucket, { shape, onProgress });
  job.report(`bucket filled in ${generated.seconds.toFixed(1)} s`);

  const killing = job.killPollerEveryMs === undefined ? null : killInTurn(system.pollers, job.killPollerEveryMs);
  try {
    const figures = await mirrorAndChurn(system, connector, s3, job);
    await killing?.stop();
    return { generated, ...figures, kills: killing?.kills ?? 0 };
  } finally {
    await killing?.stop();
    s3.destroy();
  }
}

async function mirrorAndChurn(system: System, connector: S3Access, s3: S3Client, job: MainJob) {
  const mirror = await system.gatewayAccess(connector.bucket);
  const mirroredAt = performance.now();
  await system.mirror(mirror.bucket, connector);
  const live = await system.waitUntilLive(mirror.bucket, snapshotTimeoutMs(job.versions));
  const snapshotSeconds = secondsSince(mirroredAt);
  job.report(`snapshot complete after ${snapshotSeconds.toFixed(1)} s`);
  const first = await waitUntilEqual(mirror, connector, settleTimeoutMs(job.versions, snapshotSeconds));
  job.report(first.output.trimEnd());

  const churned = await churn(s3, connector.bucket, { seed: 1, ...job.churn });
  job.report(`${churned.changes.length} changes made in ${churned.seconds.toFixed(1)} s`);
  const quietAt = performance.now();
  const second = await waitUntilEqual(mirror, connector, settleTimeoutMs(job.versions, snapshotSeconds));
  const settleSeconds = secondsSince(quietAt);
  job.report(`${second.output.trimEnd()}\nequal ${settleSeconds.toFixed(1)} s after the last change`);
  const comparisons: [string, string] = [first.output, second.output];
  return { live, snapshotSeconds, churned, settleSeconds, comparisons };
}

const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1000;
