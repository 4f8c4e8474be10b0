import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import {
  describeReadOnlyListing,
  keyFamilies,
  type ListingServer,
  type SimulatedServer,
  startListingServer,
  startSimulatedServer,
  VersionedBucket,
} from '../src/index.js';

const VERSIONS = 10_000_000;

function clientOf({ endpoint, region, accessKeyId, secretAccessKey }: SimulatedServer | ListingServer): S3Client {
  return new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
}

const prefixes = { hashed: 'abcd', dated: '2024/02/29/12/', sequential: 'backup/obj-0000041230', nested: '' };

for (const family of keyFamilies) {
  describeReadOnlyListing(`the simulated server, ten million versions, ${family}`, async () => {
    const server = await startSimulatedServer({ family, versions: VERSIONS });
    const s3 = clientOf(server);
    const stop = async () => {
      s3.destroy();
      await server.stop();
    };
    const { versions } = server.contents.page({ keyMarker: 'm', versionIdMarker: '' }, '', 1);
    const prefix = prefixes[family] || (versions[0]?.key.replace(/[^/]*\/[^/]*$/, '') ?? '');
    return { s3, bucket: server.bucket, prefix, stop };
  });
}

describeReadOnlyListing('the listing server', async () => {
  const server = await startListingServer({ personality: 'plain', seed: fill });
  const s3 = clientOf(server);
  const stop = async () => {
    s3.destroy();
    await server.stop();
  };
  return { s3, bucket: server.bucket, prefix: 'folder/', stop };
});

function fill(bucket: VersionedBucket): void {
  for (let index = 0; index < 200; index += 1) {
    bucket.put(`folder/${index}`, { body: `${index}` });
    if (index % 5 === 0) bucket.put(`folder/${index}`, { body: 'again' });
    if (index % 20 === 0) bucket.delete(`folder/${index}`);
  }
}

describe('a simulated bucket', () => {
  it.each(keyFamilies)('of keys %s has as many versions as asked for, and grows by its bytes', async (family) => {
    const server = await startSimulatedServer({ family, versions: 24_007 });
    let count = 0;
    let start = { keyMarker: '', versionIdMarker: '' };
    for (;;) {
      const { versions, isTruncated } = server.contents.page(start, '', 1_000);
      count += versions.length;
      const last = versions.at(-1);
      if (!isTruncated || !last) break;
      expect(Buffer.compare(Buffer.from(start.keyMarker), Buffer.from(last.key))).toBeLessThanOrEqual(0);
      start = { keyMarker: last.key, versionIdMarker: last.versionId };
    }
    await server.stop();
    expect(count).toBe(24_007);
  });

  it('knows which versions there are', async () => {
    const server = await startSimulatedServer({ family: 'hashed', versions: 5_000 });
    const s3 = clientOf(server);
    const all = server.contents.page({ keyMarker: '', versionIdMarker: '' }, '', 10_000).versions;
    server.contents.churn(0.1, 1);
    const now = server.contents.page({ keyMarker: '', versionIdMarker: '' }, '', 10_000).versions;
    const there = new Set(now.map(({ versionId }) => versionId));
    for (const version of [...all, ...now]) {
      expect(server.contents.has(version.key, version.versionId)).toBe(there.has(version.versionId));
    }
    const status = async (version = all[0]) => {
      const named = { Bucket: server.bucket, Key: version?.key, VersionId: version?.versionId };
      return s3.send(new HeadObjectCommand(named)).catch((error) => error.$metadata.httpStatusCode);
    };
    expect(await status(all.find(({ versionId }) => !there.has(versionId)))).toBe(404);
    expect(await status(now.find(({ kind }) => kind === 'version'))).toBe(503);
    s3.destroy();
    await server.stop();
  });

  it('changes a share of its versions, and stays in order', async () => {
    const server = await startSimulatedServer({ family: 'hashed', versions: 5_000 });
    const all = () => server.contents.page({ keyMarker: '', versionIdMarker: '' }, '', 10_000).versions;
    const before = new Set(all().map(({ versionId }) => versionId));
    server.contents.churn(0.1, 1);
    const after = all();
    expect(after.length).toBe(server.contents.versions);
    expect(after.length).toBe(5_000);
    const fresh = after.filter(({ versionId }) => !before.has(versionId)).length;
    expect(fresh).toBeGreaterThan(200);
    expect(fresh).toBeLessThan(260);
    const keys = after.map(({ key }) => key);
    expect(keys).toEqual([...keys].sort());
    expect(after.map(({ isLatest }) => isLatest)).toEqual(keys.map((key, index) => key !== keys[index - 1]));
    await server.stop();
  });
});
