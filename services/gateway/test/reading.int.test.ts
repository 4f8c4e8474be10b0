import {
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, testServers, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeMirrored, mirrorListing } from './harness/fill-namespace.js';
import { RunningGateway } from './harness/running-gateway.js';
import { TcpProxy } from './harness/tcp-proxy.js';

/** A client's whole way through the reading side, against objects that lie in a real connector. */

const BUCKET = 'photos';
const gateway = new RunningGateway();
let connector: FreshBucket;
let s3: S3Client;
let described: string;
let older: string;
let marker: string;

const put = (input: Omit<PutObjectCommandInput, 'Bucket'>) =>
  connector.s3.send(new PutObjectCommand({ Bucket: connector.bucket, ...input }));

beforeAll(async () => {
  connector = await freshBucket({ prefix: 'reading' });
  older = (await put({ Key: 'described', Body: 'older' })).VersionId ?? '';
  const facts = { ContentType: 'text/x-test', CacheControl: 'max-age=7', Metadata: { colour: 'red' } };
  const answer = await put({ Key: 'described', Body: '0123456789', Tagging: 'team=a&n=1%2B1', ...facts });
  described = answer.VersionId ?? '';
  await put({ Key: 'undescribed', Body: 'bytes', ContentType: 'text/y-test', Metadata: { shape: 'round' } });
  await put({ Key: 'empty', Body: '' });
  await put({ Key: 'deleted', Body: 'x' });
  const deletion = await connector.s3.send(new DeleteObjectCommand({ Bucket: connector.bucket, Key: 'deleted' }));
  marker = deletion.VersionId ?? '';
  await gateway.start();
  await mirrorListing(connector.bucket, gateway.namespace, 'life-1');
  const id = { k: 'described', v: described };
  await describeMirrored(connector.s3, connector.bucket, gateway.namespace, 'life-1', id);
  await gateway.setLocation('ring', testServers().connector.endpoint, connector.bucket);
  await gateway.mirror(BUCKET, 'life-1', 'ring');
  s3 = gateway.client();
});
afterAll(async () => {
  s3?.destroy();
  await gateway.stop();
  await connector?.drop();
});

/** The error's name and status, as the SDK tells them. */
async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('it did not fail'),
    (reason: Error) => reason,
  );
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return `${status} ${error.name}`;
}

describe('buckets', () => {
  it('are listed, found and described', async () => {
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets).toEqual([{ Name: BUCKET, CreationDate: new Date('2026-01-02T03:04:05.000Z') }]);
    expect((await s3.send(new HeadBucketCommand({ Bucket: BUCKET }))).BucketRegion).toBe('us-east-1');
    const location = await s3.send(new GetBucketLocationCommand({ Bucket: BUCKET }));
    expect(location.LocationConstraint).toBe('ring:ingest');
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket: BUCKET }))).Status).toBe('Enabled');
    expect(await failure(s3.send(new ListObjectsV2Command({ Bucket: 'nowhere' })))).toBe('404 NoSuchBucket');
    expect(await failure(s3.send(new HeadBucketCommand({ Bucket: 'nowhere' })))).toBe('404 NotFound');
  });

  it('are there only for keys that may see them', async () => {
    const some = { id: 'SOME', secretAccessKey: 'some-secret', role: 'reader' as const, buckets: ['others'] };
    gateway.config.keys.set(some.id, some);
    const client = gateway.client(some);
    expect((await client.send(new ListBucketsCommand({}))).Buckets ?? []).toEqual([]);
    expect(await failure(client.send(new ListObjectsV2Command({ Bucket: BUCKET })))).toBe('403 AccessDenied');
    expect(await failure(client.send(new HeadBucketCommand({ Bucket: BUCKET })))).toMatch(/^403/);
    client.destroy();
  });
});

describe('listings', () => {
  it('show the latest objects, in both versions, and every version', async () => {
    const v1 = await s3.send(new ListObjectsCommand({ Bucket: BUCKET }));
    const v2 = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    expect(v1.Contents?.map(({ Key }) => Key)).toEqual(['described', 'empty', 'undescribed']);
    expect(v2.Contents?.map(({ Key }) => Key)).toEqual(['described', 'empty', 'undescribed']);
    expect(v2.KeyCount).toBe(3);
    expect(v1.Contents?.[0]?.Owner?.ID).toHaveLength(64);
    expect(v2.Contents?.[0]?.Owner).toBeUndefined();
    const all = await s3.send(new ListObjectVersionsCommand({ Bucket: BUCKET }));
    expect(all.Versions?.map(({ Key, VersionId, IsLatest }) => [Key, VersionId, IsLatest]).slice(1, 3)).toEqual([
      ['described', described, true],
      ['described', older, false],
    ]);
    expect(all.DeleteMarkers?.map(({ Key, VersionId, IsLatest }) => [Key, VersionId, IsLatest])).toEqual([
      ['deleted', marker, true],
    ]);
  });
});

const head = (Key: string, input: object = {}) => s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key, ...input }));
const get = async (Key: string, input: object = {}) => {
  const answer = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key, ...input }));
  return { ...answer, text: await answer.Body?.transformToString() };
};

describe('HeadObject', () => {
  const facts = ({
    ContentType,
    CacheControl,
    Metadata,
    ContentLength,
    VersionId,
    ETag,
    LastModified,
  }: Awaited<ReturnType<typeof head>>) => ({
    ContentType,
    CacheControl,
    Metadata,
    ContentLength,
    VersionId,
    ETag,
    LastModified,
  });

  it.each(['described', 'undescribed', 'empty'])('of %s tells what the connector tells', async (Key) => {
    const expected = await connector.s3.send(new HeadObjectCommand({ Bucket: connector.bucket, Key }));
    expect(facts(await head(Key))).toEqual(facts(expected));
  });

  it('honours ranges and wished headers', async () => {
    const answer = await head('described', { Range: 'bytes=-3', ResponseContentType: 'a/b' });
    expect([answer.ContentRange, answer.ContentLength, answer.ContentType]).toEqual(['bytes 7-9/10', 3, 'a/b']);
  });
});

describe('GetObject', () => {
  it('answers the bytes of the latest version, and of each by its id', async () => {
    const answer = await get('described');
    expect(answer).toMatchObject({ text: '0123456789', VersionId: described, ContentType: 'text/x-test', TagCount: 2 });
    expect((await get('described', { VersionId: older })).text).toBe('older');
    expect(await get('empty')).toMatchObject({ text: '', ContentLength: 0 });
  });

  it.each([
    ['bytes=0-0', '0', 'bytes 0-0/10'],
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=8-', '89', 'bytes 8-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=-99', '0123456789', 'bytes 0-9/10'],
    ['bytes=7-99', '789', 'bytes 7-9/10'],
    ['bytes=4-2', '0123456789', undefined],
    ['lines=1-2', '0123456789', undefined],
    ['bytes=0-1,3-4', '0123456789', undefined],
  ])('answers the range %s', async (Range, text, ContentRange) => {
    const answer = await get('described', { Range });
    expect([answer.text, answer.ContentRange]).toEqual([text, ContentRange]);
    expect(answer.$metadata.httpStatusCode).toBe(ContentRange === undefined ? 200 : 206);
  });

  it.each(['bytes=10-', 'bytes=10-20', 'bytes=-0'])('refuses the range %s', async (Range) => {
    expect(await failure(get('described', { Range }))).toBe('416 InvalidRange');
    expect(await failure(get('empty', { Range }))).toBe('416 InvalidRange');
  });

  it('passes parts through, and refuses what is none', async () => {
    expect(await get('described', { PartNumber: 1 })).toMatchObject({ text: '0123456789' });
    expect(await failure(get('described', { PartNumber: 2 }))).toBe('416 InvalidPartNumber');
    expect(await failure(get('described', { PartNumber: 0 }))).toBe('400 InvalidArgument');
    expect(await failure(get('described', { PartNumber: 1, Range: 'bytes=0-1' }))).toBe('400 InvalidRequest');
  });

  it('judges conditions', async () => {
    const { ETag = '', LastModified = new Date(0) } = await head('described');
    const before = new Date(LastModified.getTime() - 5_000);
    expect((await get('described', { IfMatch: ETag, IfUnmodifiedSince: before })).text).toBe('0123456789');
    expect(await failure(get('described', { IfMatch: '"x"' }))).toBe('412 PreconditionFailed');
    expect(await failure(get('described', { IfUnmodifiedSince: before }))).toBe('412 PreconditionFailed');
    expect(await failure(get('described', { IfNoneMatch: ETag }))).toMatch(/^304/);
    expect(await failure(get('described', { IfModifiedSince: LastModified }))).toMatch(/^304/);
    expect((await get('described', { IfNoneMatch: '"x"', IfModifiedSince: LastModified })).text).toBe('0123456789');
    expect(await failure(head('described', { IfNoneMatch: ETag }))).toMatch(/^304/);
  });

  it('answers wished headers instead of its own', async () => {
    const answer = await get('described', {
      ResponseContentDisposition: 'attachment',
      ResponseCacheControl: 'no-store',
    });
    expect([answer.ContentDisposition, answer.CacheControl]).toEqual(['attachment', 'no-store']);
  });
});

describe('what is not there', () => {
  it.each([
    ['a key that never was', {}, '404 NoSuchKey'],
    ['described', { VersionId: 'nobody' }, '404 NoSuchVersion'],
    ['described', { VersionId: 'not/a version' }, '400 InvalidArgument'],
    ['deleted', {}, '404 NoSuchKey'],
  ])('GET of %s %j answers %s', async (Key, input, expected) => {
    expect(await failure(get(Key, input))).toBe(expected);
  });

  it('a delete marker is said to be one', async () => {
    const answer = async (input: object) => get('deleted', input).catch((error) => error.$response);
    expect((await answer({})).headers).toMatchObject({ 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker });
    expect(await failure(get('deleted', { VersionId: marker }))).toBe('405 MethodNotAllowed');
    expect((await answer({ VersionId: marker })).headers).toMatchObject({
      'x-amz-delete-marker': 'true',
      allow: 'DELETE',
    });
    expect(await failure(head('deleted'))).toBe('404 NotFound');
  });

  it('a version that is gone at the connector meanwhile is no such version', async () => {
    const { VersionId = '' } = await put({ Key: 'gone', Body: 'gone' });
    const listed = await gateway.namespace.versions('life-1').findOne({ '_id.k': 'undescribed' });
    if (!listed) throw new Error('the fixture is missing');
    await gateway.namespace.versions('life-1').insertOne({ ...listed, _id: { k: 'gone', v: VersionId } });
    await connector.s3.send(new DeleteObjectCommand({ Bucket: connector.bucket, Key: 'gone', VersionId }));
    expect(await failure(get('gone'))).toBe('404 NoSuchKey');
    expect(await failure(get('gone', { VersionId }))).toBe('404 NoSuchVersion');
    expect(await failure(head('gone'))).toBe('404 NotFound');
    expect(await failure(s3.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key: 'gone' })))).toBe('404 NoSuchKey');
  });
});

describe('tags', () => {
  it('are asked of the connector', async () => {
    const { TagSet, VersionId } = await s3.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key: 'described' }));
    expect(TagSet?.map(({ Key, Value }) => `${Key}=${Value}`).sort()).toEqual(['n=1+1', 'team=a']);
    expect(VersionId).toBe(described);
    expect((await s3.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key: 'empty' }))).TagSet).toEqual([]);
  });
});

describe('with the connector down', () => {
  it('lists, and tells what it knows; what it has to fetch is 503 with Retry-After', async () => {
    const proxy = new TcpProxy(testServers().connector.endpoint);
    await gateway.setLocation('ring', await proxy.start(), connector.bucket);
    await waitFor(async () => (await get('described')) && proxy.bytesDown > 0, { what: 'the new address to be used' });
    await proxy.stop();
    expect((await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }))).KeyCount).toBe(4);
    expect((await head('described')).Metadata).toEqual({ colour: 'red' });
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key: 'described' }));
    expect(TagSet).toContainEqual({ Key: 'n', Value: '1+1' });
    expect(await failure(get('described'))).toBe('503 ServiceUnavailable');
    const { $response } = await get('described').catch((error) => error);
    expect(Number($response.headers['retry-after'])).toBeGreaterThan(0);
    expect(await failure(head('undescribed'))).toMatch(/^503/);
    const tagging = new GetObjectTaggingCommand({ Bucket: BUCKET, Key: 'undescribed' });
    expect(await failure(s3.send(tagging))).toBe('503 ServiceUnavailable');
    await gateway.setLocation('ring', testServers().connector.endpoint, connector.bucket);
    await waitFor(async () => (await get('described')).text === '0123456789', { what: 'the connector to be back' });
  });
});
