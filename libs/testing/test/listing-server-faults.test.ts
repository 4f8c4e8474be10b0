import { ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { type ListingServer, startListingServer, type VersionedBucket } from '../src/index.js';
import { listOnce, listRaw } from '../src/listing-server/raw-listing.js';

let server: ListingServer;
let s3: S3Client;

afterEach(async () => {
  s3?.destroy();
  await server?.stop();
});

async function start(count: number, seed?: (bucket: VersionedBucket) => void): Promise<void> {
  server = await startListingServer({
    personality: 's3Connector',
    seed: seed ?? ((bucket) => keysOf(count).forEach((key) => void bucket.put(key, { body: key }))),
  });
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey };
  s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
}

const keysOf = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `k${String(index).padStart(6, '0')}`);
const listed = async (MaxKeys = 1_000) => (await listOnce(s3, server.bucket, { MaxKeys })).map(({ key }) => key);

describe('the listing server’s faults', () => {
  it('empty and half answer complete-looking listings', async () => {
    await start(100);
    server.inject({ listing: 'empty' });
    expect(await listed()).toEqual([]);
    server.inject({ listing: 'half' });
    expect(await listed(20)).toEqual(keysOf(50));
    server.inject({});
    expect(await listed(20)).toEqual(keysOf(100));
  });

  it.each([
    { status: 403, name: 'AccessDenied' },
    { status: 500, name: 'InternalError' },
    { status: 503, name: 'SlowDown' },
  ] as const)('answer $status as S3 does', async ({ status, name }) => {
    await start(1);
    server.inject({ status, retryAfterSeconds: 7 });
    await expect(listed()).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
    const answer = await fetch(`${server.endpoint}/${server.bucket}?versions`);
    expect(answer.headers.get('retry-after')).toBe(status === 503 ? '7' : null);
  });

  it('cut a body with and without saying so', async () => {
    await start(100);
    const whole = (await listRaw(s3, server.bucket)).body.length;
    server.inject({ listing: 'cutBody' });
    expect((await fetchListing()).length).toBe(whole >> 1);
    server.inject({ listing: 'cutConnection' });
    await expect(fetchListing()).rejects.toThrow();
  });

  it('give a next marker that skips keys, and one that goes back', async () => {
    await start(100);
    server.inject({ listing: 'markerAhead' });
    expect((await listed(20)).length).toBeLessThan(100);
    server.inject({ listing: 'markerBack' });
    const page = await listRaw(s3, server.bucket, { MaxKeys: 20 });
    expect(page.nextKeyMarker).toBe(page.entries[0]?.key);
  });

  it('delay each page', async () => {
    await start(30);
    server.inject({ latencyMs: 60 });
    const startedAt = performance.now();
    await listed(20);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(119);
  });

  it('bring back an older state, ids given since included in what is gone', async () => {
    await start(3);
    const before = server.snapshot();
    const added = server.contents.put('k000001', { body: 'new' });
    server.contents.delete('k000002');
    server.restore(before);
    expect(await listed()).toEqual(keysOf(3));
    expect(server.contents.find('k000001', added.versionId)).toBeUndefined();
    expect(server.contents.put('k000001', { body: 'newer' }).versionId).not.toBe(added.versionId);
  });

  it('ask for a signature, any', async () => {
    await start(1);
    expect((await fetch(`${server.endpoint}/${server.bucket}?versions`)).status).toBe(403);
    await expect(s3.send(new ListObjectVersionsCommand({ Bucket: 'other' }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
  });
});

it('the listing server lists 100,000 versions in 101 pages, the last of them empty', async () => {
  await start(100_000);
  let versions = 0;
  for (let marker: string | undefined = ''; marker !== undefined; ) {
    const page: string = await fetchListing(`&key-marker=${marker}`);
    versions += page.split('<Version>').length - 1;
    marker = /<NextKeyMarker>([^<]*)</.exec(page)?.[1];
  }
  expect([server.listings.length, versions]).toEqual([101, 100_000]);
});

async function fetchListing(markers = ''): Promise<string> {
  const url = `${server.endpoint}/${server.bucket}?versions&encoding-type=url${markers}`;
  return (await fetch(url, { headers: { authorization: 'any' } })).text();
}
