import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, setVersioning, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConnectorClient, EndpointGuard, listVersionsPage, parseNetworks } from '../src/index.js';

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
    expect(page.versions).toHaveLength(1 + keys.length + 6);
  });
});

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

async function put(key: string): Promise<void> {
  await bucket.s3.send(new PutObjectCommand({ Bucket: bucket.bucket, Key: key, Body: `content of ${key}` }));
}
