import { createHash } from 'node:crypto';
import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, seededRandom, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare, type S3Access, s3Client, waitUntilEqual } from '../src/index.js';
import { connectorAccess, startTestSystem, type TestSystem } from './test-system.js';

const rounds = 6;

/** What an unchanged listing repeats: the answer without what differs from request to request. */
function hashOf({ $metadata, ...listing }: ListObjectVersionsCommandOutput): string {
  return createHash('sha256').update(JSON.stringify(listing)).digest('hex');
}

describe('put, listed, published, removed, listed again (rule R3)', () => {
  let running: TestSystem;
  let target: FreshBucket;
  let gateway: S3Client;
  let mirror: S3Access;
  beforeAll(async () => {
    const environment = { poller: { REMOVAL_DELAY_SECONDS: '1', POLL_INTERVAL_MS: '100' } };
    [running, target] = await Promise.all([startTestSystem({ environment }), freshBucket({ prefix: 'r3' })]);
    for (let n = 0; n < 40; n += 1) {
      await target.s3.send(new PutObjectCommand({ Bucket: target.bucket, Key: `object ${n}.txt`, Body: `body ${n}` }));
    }
    mirror = await running.system.gatewayAccess(target.bucket);
    gateway = s3Client(mirror);
    await running.system.mirror(target.bucket, connectorAccess(target.bucket));
    await running.system.waitUntilLive(target.bucket);
    await waitUntilEqual(mirror, connectorAccess(target.bucket), 30_000);
  }, 240_000);
  afterAll(async () => {
    gateway?.destroy();
    await running?.stop();
    await target?.drop();
  });

  const list = (s3: S3Client) => s3.send(new ListObjectVersionsCommand({ Bucket: target.bucket }));
  const put = (key: string) => target.s3.send(new PutObjectCommand({ Bucket: target.bucket, Key: key, Body: key }));
  const isMirrored = async (versionId: string | undefined) => {
    return (await list(gateway)).Versions?.some((version) => version.VersionId === versionId) === true;
  };
  const passes = async () => (await running.system.status(target.bucket)).lastFullPassAt;

  /** Two whole passes begun from now on: what the poller then holds for confirmed is confirmed. */
  async function waitForTwoPasses(): Promise<void> {
    for (let n = 0; n < 2; n += 1) {
      const before = await passes();
      await waitFor(async () => (await passes()) !== before, { what: 'a whole pass', timeoutMs: 30_000 });
    }
  }

  it.each(['object 20.txt', 'object 20.txt (new)', 'zzz, after the last key'])(
    'forgets a version of %j again, though the listing is what it was when it was confirmed',
    async (key) => {
      await waitForTwoPasses();
      const first = hashOf(await list(target.s3));
      const { VersionId } = await put(key);
      await waitFor(() => isMirrored(VersionId), { what: 'the version to be mirrored', timeoutMs: 30_000 });
      await target.s3.send(new DeleteObjectCommand({ Bucket: target.bucket, Key: key, VersionId }));
      expect(hashOf(await list(target.s3))).toBe(first);
      await waitFor(async () => !(await isMirrored(VersionId)), {
        what: 'the version to be forgotten',
        timeoutMs: 30_000,
      });
    },
  );

  it('leaves nothing behind of versions that are removed at any moment of a visit', async () => {
    await waitForTwoPasses();
    const first = hashOf(await list(target.s3));
    const random = seededRandom(3);
    for (let round = 0; round < rounds; round += 1) {
      const key = `object ${Math.floor(random() * 40)}.txt`;
      const { VersionId } = await put(key);
      // Not a wait for something: it is the moment of the removal that is drawn.
      await new Promise((resolve) => setTimeout(resolve, random() * 600));
      await target.s3.send(new DeleteObjectCommand({ Bucket: target.bucket, Key: key, VersionId }));
    }
    expect(hashOf(await list(target.s3))).toBe(first);
    await waitForTwoPasses();
    await waitUntilEqual(mirror, connectorAccess(target.bucket), 30_000);
    // Equal to stay so: what was under way has arrived.
    await waitForTwoPasses();
    expect(await compare(mirror, connectorAccess(target.bucket))).toMatchObject({ code: 0 });
  });
});
