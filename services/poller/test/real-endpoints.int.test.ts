import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  createConnectorClient,
  EndpointGuard,
  type ListedVersion,
  listVersionsPage,
  parseNetworks,
} from '@mirror/connector';
import { compareKeys } from '@mirror/namespace';
import { type ConnectorAddress, freshBucket, freshName, startVersitygw, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ListPage, listRange } from '../src/visit/list-range.js';

interface RealBucket {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly address: ConnectorAddress;
  readonly stop: () => Promise<void>;
}

describe.each([
  { name: 'MinIO', open: openMinio },
  { name: 'versitygw', open: openVersitygw },
])('the ranges of a real bucket at $name', ({ open }) => {
  let real: RealBucket;
  let truth: string[];
  let client: ReturnType<typeof createConnectorClient>;

  beforeAll(async () => {
    real = await open();
    truth = await fill(real.s3, real.bucket);
    const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
    client = createConnectorClient({ ...real.address, bucket: real.bucket }, { guard });
  }, 600_000);

  afterAll(async () => {
    client?.destroy();
    await real?.stop();
  });

  const listPage: ListPage = (request) => listVersionsPage(client, real.bucket, request);

  it.each([20, 33, 1_000])('hold each version once, newest first, in pages of %i', async (pageSize) => {
    const listing = await listRange(listPage, { after: '', end: null, pageSize, expected: null, confirmedHash: null });
    if (listing.kind !== 'listed') throw new Error('nothing was confirmed');
    expect(listing.versions.map(nameOf)).toEqual(truth);
    expect(listing.versions.filter(({ isLatest }) => isLatest)).toHaveLength(
      new Set(listing.versions.map(({ key }) => key)).size,
    );
  });

  it('hold what is between two keys, and are the same when listed again', async () => {
    const range = { after: 'folder/04', end: 'hot', pageSize: 20, expected: null, confirmedHash: null };
    const listing = await listRange(listPage, range);
    if (listing.kind !== 'listed') throw new Error('nothing was confirmed');
    const keyOf = (name: string): string => name.split(' ')[0] ?? '';
    const inside = truth.filter(
      (name) => compareKeys(keyOf(name), range.after) > 0 && compareKeys(keyOf(name), range.end) <= 0,
    );
    expect(listing.versions.map(nameOf)).toEqual(inside);
    // Its hash may differ where it goes on inside of `hot`: MinIO's markers carry the id of a cache.
    expect(await listRange(listPage, range)).toMatchObject({ versions: listing.versions });
  });

  // At MinIO a listing by a key alone loses keys behind those between `end` and `end/`, and ends behind those before `far/`.
  it.each([
    { after: 'end/a', end: null },
    { after: 'end/a', end: 'end/b' },
    { after: 'end/c', end: 'hot' },
    { after: 'end/a', end: 'far-10/x' },
    { after: 'far/a', end: null },
    { after: 'far/b', end: 'folder/03' },
    { after: 'odd/0', end: null },
  ])('are whole beside folders that begin alike: $after to $end', async ({ after, end }) => {
    const settings = { pageSize: 20, expected: null, confirmedHash: null };
    const listings = [];
    for (const markers of ['opaque', 'unknown'] as const)
      listings.push(await listRange(listPage, { after, end, markers, ...settings }));
    const isInside = (key: string) => compareKeys(key, after) > 0 && (end === null || compareKeys(key, end) <= 0);
    const inside = truth.filter((name) => isInside(name.split(' ')[0] ?? ''));
    for (const listing of listings) {
      expect(listing).toMatchObject({ kind: 'listed', end });
      expect(listing.kind === 'listed' && listing.versions.map(nameOf)).toEqual(inside);
    }
  });
});

const nameOf = ({ key, versionId, kind }: Pick<ListedVersion, 'key' | 'versionId' | 'kind'>): string =>
  `${key} ${versionId} ${kind}`;

/** Answers what is there afterwards, in S3's order, by what the endpoint said to each write. */
async function fill(s3: S3Client, bucket: string): Promise<string[]> {
  const newestFirst = new Map<string, string[]>();
  const note = (key: string, versionId: string | undefined, kind: ListedVersion['kind']) =>
    newestFirst.set(key, [nameOf({ key, versionId: versionId ?? 'null', kind }), ...(newestFirst.get(key) ?? [])]);
  const put = async (Key: string) =>
    note(Key, (await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }))).VersionId, 'version');
  const del = async (Key: string) =>
    note(Key, (await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }))).VersionId, 'deleteMarker');
  const folder = Array.from({ length: 30 }, (_, index) => `folder/${String(index).padStart(2, '0')}`);
  for (const key of [...folder.slice(0, 19), 'hot']) await put(key);
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
  for (const [index, key] of folder.entries()) {
    if (index > 18 || index % 2 === 0) await put(key);
    if (index % 3 === 0) await del(key);
    if (index % 6 === 0) await put(key);
  }
  for (let index = 0; index < 59; index += 1) await put('hot');
  for (let index = 10; index < 34; index += 1) await put(`end-${index}/x`);
  for (let index = 10; index < 50; index += 1) await put(`far-${index}/x`);
  for (const key of ['end/a', 'end/b', 'end/c', 'far/a', 'far/b', 'far/c', 'odd/\uE000', 'odd/\u{1F600}', 'zz', 'zz'])
    await put(key);
  return [...newestFirst.keys()].sort(compareKeys).flatMap((key) => newestFirst.get(key) ?? []);
}

async function openMinio(): Promise<RealBucket> {
  const { s3, bucket, drop } = await freshBucket({ versioning: 'none', prefix: 'ranges' });
  return { s3, bucket, address: testServers().connector, stop: drop };
}

async function openVersitygw(): Promise<RealBucket> {
  const dataDir = mkdtempSync(join(tmpdir(), 'mirror-versitygw-'));
  const address = await startVersitygw({ dataDir, report: (line) => process.stderr.write(`${line}\n`) });
  const { endpoint, region, accessKeyId, secretAccessKey } = address;
  const s3 = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
  const bucket = freshName('ranges');
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const stop = async () => {
    s3.destroy();
    await address.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { s3, bucket, address, stop };
}
