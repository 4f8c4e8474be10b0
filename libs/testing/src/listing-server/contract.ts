import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeListing } from './contract-listing.js';
import type { EndpointUnderTest } from './endpoint-under-test.js';
import type { Quirk } from './personalities.js';
import { listOnce } from './raw-listing.js';

/** What is known of an endpoint before it is tried. */
export interface Declared {
  readonly quirks: readonly Quirk[];
}

/**
 * What every endpoint with versioned buckets does, in memory or real, but for the quirks that it declares; each of those
 * is checked, too. One bucket for all: the tests go in order.
 */
export function describeVersionedBucket(
  name: string,
  declared: Declared,
  start: () => Promise<EndpointUnderTest>,
): void {
  describe(`a versioned bucket: ${name}`, () => {
    const quirks: ReadonlySet<Quirk> = new Set(declared.quirks);
    let endpoint: EndpointUnderTest;
    beforeAll(async () => {
      endpoint = await start();
    });
    afterAll(() => endpoint?.stop());
    const given = (): EndpointUnderTest => endpoint;

    describeVersioning(given);
    describeObjects(given, quirks);
    describeWriting(given, quirks);
    describeListing(given, quirks);
  });
}

function describeVersioning(given: () => EndpointUnderTest): void {
  it('keeps what was written before versioning as the version null', async () => {
    const { s3, bucket } = given();
    const target = { Bucket: bucket, Key: 'null/before' };
    await s3.send(new HeadBucketCommand({ Bucket: bucket }));
    await s3.send(new PutObjectCommand({ ...target, Body: 'first' }));
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status).toBeUndefined();
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status).toBe('Enabled');
    const { VersionId } = await s3.send(new PutObjectCommand({ ...target, Body: 'second' }));
    expect(VersionId).toMatch(/^[\x21-\x7e]{20,}$/);
    const { Body } = await s3.send(new GetObjectCommand({ ...target, VersionId: 'null' }));
    expect(await Body?.transformToString()).toBe('first');
  });
}

function describeObjects(given: () => EndpointUnderTest, quirks: ReadonlySet<Quirk>): void {
  it('gives each version’s bytes, metadata and tags by its id', async () => {
    const { s3, bucket } = given();
    const target = { Bucket: bucket, Key: 'object/a b.txt' };
    const described = { ContentType: 'text/plain', Metadata: { colour: 'red' }, Tagging: 'team=a%20b&n=1' };
    const first = await s3.send(new PutObjectCommand({ ...target, ...described, Body: 'first' }));
    await s3.send(new PutObjectCommand({ ...target, Body: 'second, longer' }));
    const version = { ...target, VersionId: first.VersionId };
    expect(await s3.send(new HeadObjectCommand(version))).toMatchObject({
      ContentLength: 5,
      ContentType: 'text/plain',
      Metadata: { colour: 'red' },
      ETag: first.ETag,
      VersionId: first.VersionId,
    });
    const got = await s3.send(new GetObjectCommand(version));
    expect([await got.Body?.transformToString(), got.TagCount]).toEqual(['first', 2]);
    const { TagSet = [] } = await s3.send(new GetObjectTaggingCommand(version));
    expect(new Map(TagSet.map(({ Key, Value }) => [Key, Value]))).toEqual(
      new Map([
        ['team', 'a b'],
        ['n', '1'],
      ]),
    );
    expect((await s3.send(new HeadObjectCommand(target))).ContentLength).toBe(14);
  });

  it('sets tags of one version without making another', async () => {
    const { s3, bucket } = given();
    const target = { Bucket: bucket, Key: 'object/tagged' };
    const { VersionId } = await s3.send(new PutObjectCommand({ ...target, Body: 'tagged' }));
    const Tagging = { TagSet: [{ Key: 'k', Value: 'v w+=' }] };
    await s3.send(new PutObjectTaggingCommand({ ...target, VersionId, Tagging }));
    const { TagSet } = await s3.send(new GetObjectTaggingCommand(target));
    expect(TagSet).toEqual([{ Key: 'k', Value: 'v w+=' }]);
    expect((await s3.send(new HeadObjectCommand(target))).VersionId).toBe(VersionId);
  });

  it('hides a key behind a delete marker, and shows it when the marker is removed', async () => {
    const { s3, bucket } = given();
    const target = { Bucket: bucket, Key: 'object/deleted' };
    const { VersionId } = await s3.send(new PutObjectCommand({ ...target, Body: 'content' }));
    const marker = await s3.send(new DeleteObjectCommand(target));
    expect(marker).toMatchObject({ DeleteMarker: true, VersionId: expect.any(String) });
    await expect(s3.send(new HeadObjectCommand(target))).rejects.toMatchObject(status(404));
    const ofMarker = { ...target, VersionId: marker.VersionId };
    await expect(s3.send(new HeadObjectCommand(ofMarker))).rejects.toMatchObject(status(405));
    await s3.send(new DeleteObjectCommand(ofMarker));
    expect((await s3.send(new HeadObjectCommand(target))).VersionId).toBe(VersionId);
    await s3.send(new DeleteObjectCommand({ ...target, VersionId }));
    await expect(s3.send(new HeadObjectCommand({ ...target, VersionId }))).rejects.toMatchObject(status(404));
    await expect(s3.send(new GetObjectCommand(target))).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it(`${makes(quirks, 'noMarkerForMissingKey', 'makes no', 'makes a')} delete marker of a key that never existed`, async () => {
    const { s3, bucket } = given();
    const target = { Bucket: bucket, Key: 'object/never existed' };
    const deleted = await s3.send(new DeleteObjectCommand(target));
    await expect(s3.send(new HeadObjectCommand(target))).rejects.toMatchObject(status(404));
    const VersionId = quirks.has('noMarkerForMissingKey') ? undefined : deleted.VersionId;
    if (VersionId === undefined) return expect(quirks.has('noMarkerForMissingKey')).toBe(true);
    await expect(s3.send(new HeadObjectCommand({ ...target, VersionId }))).rejects.toMatchObject(status(405));
  });
}

function describeWriting(given: () => EndpointUnderTest, quirks: ReadonlySet<Quirk>): void {
  it(`${makes(quirks, 'trailingChecksumRefused', 'refuses', 'takes')} a body with a trailing checksum`, async () => {
    const { s3, bucket } = given();
    const streamed = { Body: Readable.from(['content']), ContentLength: 7, ChecksumAlgorithm: 'CRC32' } as const;
    // versitygw answers before it has read the end of a chunked body, and takes the rest for the connection's next
    // request: it refuses one of thirty. So this connection gets none.
    const put = new PutObjectCommand({ Bucket: bucket, Key: 'writing/trailer', ...streamed });
    put.middlewareStack.add(
      settingHeader('connection', () => 'close'),
      { step: 'build', priority: 'low' },
    );
    const answered = s3.send(put);
    if (quirks.has('trailingChecksumRefused')) return expect(answered).rejects.toMatchObject(status(400));
    await answered;
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'writing/trailer' }));
    expect(await Body?.transformToString()).toBe('content');
  });

  it(`${makes(quirks, 'deleteObjectsNeedsMd5', 'refuses', 'takes')} DeleteObjects without Content-MD5, takes it with`, async () => {
    const { s3, bucket } = given();
    for (const Key of ['writing/one', 'writing/two']) {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'content' }));
    }
    const bare = s3.send(deleteObjects(bucket, 'writing/one'));
    if (quirks.has('deleteObjectsNeedsMd5')) await expect(bare).rejects.toMatchObject({ name: 'BadDigest' });
    else expect((await bare).Deleted).toMatchObject([{ Key: 'writing/one' }]);
    const summed = withMd5(deleteObjects(bucket, 'writing/two'));
    expect((await s3.send(summed)).Deleted).toMatchObject([{ Key: 'writing/two' }]);
    await expect(s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'writing/two' }))).rejects.toMatchObject(
      status(404),
    );
  });

  it(`${makes(quirks, 'keysLimited', 'takes 915', 'takes 1,000')} bytes of a key in segments`, async () => {
    const { s3, bucket } = given();
    const keyOf = (bytes: number): string => `writing/${'segment/'.repeat(200)}`.slice(0, bytes - 1).concat('k');
    const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'content' }));
    await put(keyOf(915));
    if (!quirks.has('keysLimited')) return expect(await put(keyOf(1000))).toMatchObject(status(200));
    await expect(put(keyOf(916))).rejects.toMatchObject({ name: 'KeyTooLong' });
    await expect(put('writing/control\u0001')).rejects.toMatchObject({ name: 'InvalidInput' });
  });

  it(`${makes(quirks, 'pathLikeKeysRefused', 'refuses', 'does not refuse')} keys with empty segments and dots`, async () => {
    const { s3, bucket } = given();
    for (const Key of ['writing//double', 'writing/../dots']) {
      const answered = s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'content' }));
      if (quirks.has('pathLikeKeysRefused')) await expect(answered).rejects.toMatchObject(status(400));
      else await answered;
    }
  });

  it('leaves nothing of a multipart upload that was begun and aborted', async () => {
    const { s3, bucket } = given();
    const target = { Bucket: bucket, Key: 'writing/upload' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    expect(UploadId).toBeTruthy();
    await s3.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
    expect(await listOnce(s3, bucket, { Prefix: target.Key })).toEqual([]);
  });
}

const deleteObjects = (bucket: string, Key: string): DeleteObjectsCommand =>
  new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: [{ Key }] } });

/** As older SDKs sent it. */
function withMd5(command: DeleteObjectsCommand): DeleteObjectsCommand {
  const md5Of = (body: unknown) => createHash('md5').update(String(body)).digest('base64');
  command.middlewareStack.add(settingHeader('content-md5', md5Of), { step: 'build', priority: 'low' });
  return command;
}

const settingHeader =
  (name: string, valueFor: (body: unknown) => string) =>
  <Args extends { request: unknown }, Answer>(next: (args: Args) => Answer) =>
  (args: Args): Answer => {
    const { headers, body } = args.request as { headers: Record<string, string>; body: unknown };
    headers[name] = valueFor(body);
    return next(args);
  };

const status = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } });
const makes = (quirks: ReadonlySet<Quirk>, quirk: Quirk, odd: string, usual: string): string =>
  quirks.has(quirk) ? odd : usual;
