import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { generateBucket, type RunningMinio, startMinio, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultyProxy, type ProxyMode, startFaultyProxy } from '../src/faulty-proxy.js';
import { compare, type S3Access, s3Client, waitUntilEqual } from '../src/index.js';
import { startTestSystem, type TestSystem } from './test-system.js';

const bucket = 'removals';
const versions = 150;
const removalDelayMs = 1_000;
const pollIntervalMs = 100;
/** Enough listings for what is missing to be missed for several times the delay. */
const faultsToSee = 40;
/** The same of failures, which come with longer and longer pauses. */
const failuresToSee = 5;
const failingMs = 4 * removalDelayMs;

describe('removals are believed late (rule R6)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mirror-removals-'));
  let minio: RunningMinio;
  let proxy: FaultyProxy;
  let running: TestSystem;
  let s3: S3Client;
  let gateway: S3Client;
  let connector: S3Access;
  let mirror: S3Access;
  beforeAll(async () => {
    // A connector of its own, because it is stopped.
    minio = await startMinio({ dataDir: folder });
    proxy = await startFaultyProxy(minio.endpoint);
    const { endpoint, region, accessKeyId, secretAccessKey } = minio;
    connector = { endpoint, region, accessKeyId, secretAccessKey, bucket };
    s3 = s3Client(connector);
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    await generateBucket(s3, bucket, { shape: { versions, hotKeyVersions: 20, nullVersions: 10 } });
    running = await startTestSystem({
      environment: {
        poller: { REMOVAL_DELAY_SECONDS: String(removalDelayMs / 1000), POLL_INTERVAL_MS: String(pollIntervalMs) },
      },
    });
    mirror = await running.system.gatewayAccess(bucket);
    gateway = s3Client(mirror);
    await running.system.mirror(bucket, { ...connector, endpoint: proxy.endpoint });
    await running.system.waitUntilLive(bucket);
    await waitUntilEqual(mirror, connector, 30_000);
  }, 240_000);
  afterAll(async () => {
    s3?.destroy();
    gateway?.destroy();
    await running?.stop();
    await proxy?.stop();
    await minio?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  async function isMirrored(versionId: string | undefined): Promise<boolean> {
    const page = await gateway.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: 'removed/' }));
    return page.Versions?.some((version) => version.VersionId === versionId) === true;
  }

  it('keeps a removed version until a second listing, a while after the first, omits it too', async () => {
    const target = { Bucket: bucket, Key: 'removed/once.txt' };
    const { VersionId } = await s3.send(new PutObjectCommand({ ...target, Body: 'here for a moment' }));
    await waitFor(() => isMirrored(VersionId), { what: 'the version to be mirrored', timeoutMs: 30_000 });
    await s3.send(new DeleteObjectCommand({ ...target, VersionId }));
    const removedAt = performance.now();
    const candidates = async () => (await running.system.status(bucket)).removals.candidates === 1;
    await waitFor(candidates, { what: 'the version to be a candidate', timeoutMs: 30_000 });
    expect(await isMirrored(VersionId)).toBe(true);
    await waitFor(async () => !(await isMirrored(VersionId)), { what: 'it to be removed', timeoutMs: 30_000 });
    expect(performance.now() - removedAt).toBeGreaterThan(removalDelayMs);
    await waitUntilEqual(mirror, connector, 30_000);
    expect((await running.system.status(bucket)).removals.candidates).toBe(0);
  });

  it('removes nothing while the connector lists nothing, though all can be read', async () => {
    proxy.setMode('emptyListing');
    const missed = async () => ((await running.system.status(bucket)).removals.candidates ?? 0) > 0;
    await waitFor(missed, { what: 'versions to be missed', timeoutMs: 30_000 });
    await waitFor(() => proxy.faults >= faultsToSee, { what: 'many empty listings', timeoutMs: 90_000 });
    expect(await compare(mirror, connector)).toMatchObject({ code: 0 });
    proxy.setMode('pass');
    await expectToFollow('removed/after empty listings.txt');
  });

  const failures: [string, ProxyMode][] = [
    ['answers 503', 'unavailable'],
    ['sends half of an empty listing', 'cutListing'],
  ];
  it.each(failures)('removes nothing while the connector %s, and says so', async (_what, mode) => {
    const since = new Date().toISOString();
    proxy.setMode(mode);
    await waitFor(() => failsSince(since), { what: 'the failure to be shown', timeoutMs: 60_000 });
    const failedAt = performance.now();
    const isLong = () => proxy.faults >= failuresToSee && performance.now() - failedAt > failingMs;
    await waitFor(isLong, { what: 'failures for several times the delay', timeoutMs: 90_000 });
    expect(await compare(mirror, connector)).toMatchObject({ code: 0 });
    proxy.setMode('pass');
    await expectToFollow(`removed/after ${mode}.txt`);
  });

  it('removes nothing while the connector is stopped, says so, and follows it when it is back', async () => {
    const before = await running.system.waitUntilLive(bucket);
    const since = new Date().toISOString();
    await minio.stop();
    await waitFor(() => failsSince(since), { what: 'the failure to be shown', timeoutMs: 60_000 });
    const status = await running.system.status(bucket);
    expect(status.state).toBe('failing');
    expect(status.versions).toEqual(before.versions);
    await minio.start();
    await expectToFollow('removed/after the stop.txt');
  });

  async function failsSince(time: string): Promise<boolean> {
    const { lastError } = await running.system.status(bucket);
    return lastError?.code.startsWith('S3.') === true && lastError.at >= time;
  }

  /** What is put now is mirrored, and nothing was lost. */
  async function expectToFollow(key: string): Promise<void> {
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }));
    await waitFor(() => isMirrored(VersionId), { what: `${key} to be mirrored`, timeoutMs: 60_000 });
    await waitUntilEqual(mirror, connector, 30_000);
  }
});
