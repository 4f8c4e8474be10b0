import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, setVersioning, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createConnectorClient,
  EndpointGuard,
  type ListedVersion,
  listVersions,
  listVersionsPage,
  parseNetworks,
  type VersionRange,
} from '../src/index.js';

const keys = [
  'null version',
  ' leading and trailing ',
  'a b/c d.txt',
  'a+b',
  'a%20b',
  'a&b<c>"d\'',
  'dollar$and=eq;semi',
  'été.txt',
  'e\u0301te\u0301.txt',
  'ファイル/日本語',
  '\u{1f600}.png',
  '\uffee',
  'tab\tand\u0001control',
];

let bucket: FreshBucket;
let client: S3Client;

beforeAll(async () => {
  bucket = await freshBucket({ versioning: 'none', prefix: 'list' });
  await put('null version');
  await setVersioning(bucket.s3, bucket.bucket, 'Enabled');
  for (const key of keys) await put(key);
  for (let i = 0; i < 5; i += 1) await put('overwritten');
  await bucket.s3.send(new DeleteObjectCommand({ Bucket: bucket.bucket, Key: 'overwritten' }));
  const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
  client = createConnectorClient({ ...testServers().connector, bucket: bucket.bucket }, { guard });
});

afterAll(async () => {
  client.destroy();
  await bucket.drop();
});

describe('a page of versions', () => {
  it('has every field as the AWS SDK reads it, keys with odd characters included', async () => {
    const page = (await listVersionsPage(client, bucket.bucket, { maxKeys: 1000 })).parse();
    const sdk = await bucket.s3.send(new ListObjectVersionsCommand({ Bucket: bucket.bucket, EncodingType: 'url' }));
    expect(page.versions.map(({ key }) => key)).toEqual(expect.arrayContaining(keys));
    expect(page.versions.filter(({ kind }) => kind === 'version')).toEqual(bySdk(sdk.Versions, 'version'));
    expect(page.versions.filter(({ kind }) => kind === 'deleteMarker')).toEqual(
      bySdk(sdk.DeleteMarkers, 'deleteMarker'),
    );
    expect(page).toMatchObject({ isTruncated: false, orderKept: true });
    expect(page.versions).toHaveLength(keys.length + 6 + 1);
    expect(page.versions.filter(({ versionId }) => versionId === 'null')).toMatchObject([{ key: 'null version' }]);
  });

  it('has the same hash as long as nothing in it changes', async () => {
    const page = async () => (await listVersionsPage(client, bucket.bucket, { keyMarker: 'z', maxKeys: 50 })).hash;
    const before = await page();
    await put('a', 'elsewhere');
    expect(await page()).toBe(before);
    await put('zz', 'here');
    expect(await page()).not.toBe(before);
  });

  it('is refused by its caller when a signal is aborted', async () => {
    await expect(listVersionsPage(client, bucket.bucket, { maxKeys: 1 }, AbortSignal.abort())).rejects.toMatchObject({
      code: 'S3.ABORTED',
    });
  });
});

describe('the versions of a range', () => {
  it.each([1, 2, 3, 7])('are the same in pages of %i', async (maxKeys) => {
    const whole = (await listVersionsPage(client, bucket.bucket, { maxKeys: 1000 })).parse();
    expect(await collect({ maxKeys })).toEqual(whole.versions);
  });

  it('are those after one key and up to another, wherever pages end', async () => {
    const whole = (await listVersionsPage(client, bucket.bucket, { maxKeys: 1000 })).parse().versions;
    const distinct = [...new Set(whole.map(({ key }) => key))];
    const [after, until] = [distinct[3] ?? '', distinct[8] ?? ''];
    const expected = whole.filter(({ key }) => distinct.indexOf(key) > 3 && distinct.indexOf(key) <= 8);
    for (const maxKeys of [1, 2, 5, 1000]) expect(await collect({ after, until, maxKeys })).toEqual(expected);
    expect(await collect({ after: 'nobody-has-this-key~' })).toEqual(whole.filter(({ key }) => key > 'nobody-has'));
  });

  it('are those with a prefix', async () => {
    expect((await collect({ prefix: 'over', maxKeys: 4 })).map(({ key }) => key)).toEqual(Array(6).fill('overwritten'));
  });

  it('go on inside one key', async () => {
    for (let i = 0; i < 30; i += 1) await put('many', `version ${i}`);
    const versions = await collect({ after: 'manx', until: 'many', maxKeys: 7 });
    expect(new Set(versions.map(({ versionId }) => versionId)).size).toBe(30);
    expect(versions.map(({ isLatest }) => isLatest)).toEqual([true, ...Array(29).fill(false)]);
  });

  it('are complete, and each once, when the version that a page ended on is deleted meanwhile', async () => {
    for (let i = 0; i < 12; i += 1) await put('shrinking', `version ${i}`);
    const all = await collect({ prefix: 'shrinking' });
    const listed: ListedVersion[] = [];
    for await (const { versions } of listVersions(client, bucket.bucket, { prefix: 'shrinking', maxKeys: 5 })) {
      listed.push(...versions);
      const last = versions.at(-1);
      if (listed.length !== 5 || !last) continue;
      await bucket.s3.send(
        new DeleteObjectCommand({ Bucket: bucket.bucket, Key: last.key, VersionId: last.versionId }),
      );
    }
    expect(listed).toEqual(all);
  });
});

async function collect(range: VersionRange): Promise<ListedVersion[]> {
  const listed: ListedVersion[] = [];
  for await (const { versions } of listVersions(client, bucket.bucket, range)) listed.push(...versions);
  return listed;
}

function bySdk(entries: ListObjectVersionsCommandOutput['Versions'], kind: string) {
  return (entries ?? []).map((entry) => ({
    key: decodeURIComponent((entry.Key ?? '').replaceAll('+', ' ')),
    versionId: entry.VersionId,
    kind,
    isLatest: entry.IsLatest,
    size: entry.Size ?? 0,
    etag: (entry.ETag ?? '').replaceAll('"', ''),
    lastModified: entry.LastModified?.toISOString(),
    storageClass: entry.StorageClass ?? '',
  }));
}

async function put(key: string, content = `content of ${key}`): Promise<void> {
  await bucket.s3.send(new PutObjectCommand({ Bucket: bucket.bucket, Key: key, Body: content }));
}
