import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, freshName, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConnectorClient, describeVersion, EndpointGuard, headVersion, parseNetworks } from '../src/index.js';

const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
let bucket: FreshBucket;
let client: S3Client;

const clientWith = (changed: object = {}) =>
  createConnectorClient({ ...testServers().connector, bucket: bucket.bucket, ...changed }, { guard });

beforeAll(async () => {
  bucket = await freshBucket({ prefix: 'describe' });
  client = clientWith();
});

afterAll(async () => {
  client.destroy();
  await bucket.drop();
});

async function put(key: string, input: object = {}): Promise<string> {
  const stored = await bucket.s3.send(
    new PutObjectCommand({ Bucket: bucket.bucket, Key: key, Body: 'content', ...input }),
  );
  return stored.VersionId ?? '';
}

async function remove(key: string, versionId?: string): Promise<string> {
  const command = new DeleteObjectCommand({ Bucket: bucket.bucket, Key: key, VersionId: versionId });
  return (await bucket.s3.send(command)).VersionId ?? '';
}

describe('the description of a version', () => {
  it('has headers, user metadata and tags of that version, not of a later one', async () => {
    const versionId = await put('full é', {
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment; filename="a b.txt"',
      ContentEncoding: 'identity',
      ContentLanguage: 'fr',
      Expires: new Date('2030-01-01T00:00:00Z'),
      Metadata: { colour: 'red', 'Mixed-Case': 'Kept' },
      Tagging: 'team=a&n=1',
    });
    await put('full é', { Body: 'later' });
    const listed = await bucket.s3.send(new ListObjectVersionsCommand({ Bucket: bucket.bucket, Prefix: 'full' }));
    const entry = listed.Versions?.find(({ VersionId }) => VersionId === versionId);
    expect(await describeVersion(client, bucket.bucket, 'full é', versionId)).toEqual({
      etag: entry?.ETag?.replaceAll('"', ''),
      size: 7,
      lastModified: `${entry?.LastModified?.toISOString().slice(0, 19)}.000Z`,
      contentType: 'text/plain; charset=utf-8',
      headers: {
        'cache-control': 'max-age=60',
        'content-disposition': 'attachment; filename="a b.txt"',
        'content-encoding': 'identity',
        'content-language': 'fr',
        expires: 'Tue, 01 Jan 2030 00:00:00 GMT',
      },
      metadata: { colour: 'red', 'mixed-case': 'Kept' },
      tags: { team: 'a', n: '1' },
    });
  });

  it('follows a change of tags, and is bare where nothing was given', async () => {
    const versionId = await put('bare');
    const target = { Bucket: bucket.bucket, Key: 'bare', VersionId: versionId };
    expect(await describeVersion(client, bucket.bucket, 'bare', versionId)).toMatchObject({
      headers: {},
      metadata: {},
      tags: {},
    });
    await bucket.s3.send(new PutObjectTaggingCommand({ ...target, Tagging: { TagSet: [{ Key: 'k', Value: '' }] } }));
    expect(await describeVersion(client, bucket.bucket, 'bare', versionId)).toMatchObject({ tags: { k: '' } });
  });

  it('is gone with its version, though others of the key are there', async () => {
    const versionId = await put('shortened');
    await put('shortened');
    await remove('shortened', versionId);
    expect(await describeVersion(client, bucket.bucket, 'shortened', versionId)).toEqual({ gone: true });
    expect(await describeVersion(client, bucket.bucket, 'nobody', versionId)).toEqual({ gone: true });
  });

  it('does not exist for a delete marker', async () => {
    await put('deleted');
    const marker = await remove('deleted');
    await expect(describeVersion(client, bucket.bucket, 'deleted', marker)).rejects.toMatchObject({
      code: 'S3.METHOD_NOT_ALLOWED',
    });
  });
});

describe('whether a version is still there', () => {
  it('is found for versions and delete markers', async () => {
    const versionId = await put('kept');
    const marker = await remove('kept');
    expect(await headVersion(client, bucket.bucket, 'kept', versionId)).toBe('found');
    expect(await headVersion(client, bucket.bucket, 'kept', marker)).toBe('found');
  });

  it('is gone for what was removed', async () => {
    const versionId = await put('removed');
    const marker = await remove('removed');
    await remove('removed', versionId);
    await remove('removed', marker);
    expect(await headVersion(client, bucket.bucket, 'removed', versionId)).toBe('gone');
    expect(await headVersion(client, bucket.bucket, 'removed', marker)).toBe('gone');
  });

  it('is an error, and never gone, when the bucket is missing or the keys are wrong', async () => {
    const versionId = await put('asked');
    await expect(headVersion(client, freshName('missing'), 'asked', versionId)).rejects.toMatchObject({
      code: 'S3.NO_SUCH_BUCKET',
    });
    const stranger = clientWith({ secretAccessKey: 'this-is-not-the-secret' });
    await expect(headVersion(stranger, bucket.bucket, 'asked', versionId)).rejects.toMatchObject({
      code: 'S3.ACCESS_DENIED',
    });
    stranger.destroy();
  });
});
