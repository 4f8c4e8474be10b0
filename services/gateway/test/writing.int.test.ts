import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mirrorListing, versionDocument } from './harness/fill-namespace.js';
import { RunningGateway, WRITER } from './harness/running-gateway.js';
import { presign } from './harness/sdk-signer.js';
import { uploadEvents } from './harness/upload-events.js';

/** What a client writes through the gateway: accepted, listed and readable, whether the connector is there or not. */

const BUCKET = 'inbox';
const OTHER = 'outpost';
const AWAY = 'away';
const gateway = new RunningGateway();
let connector: FreshBucket;
let s3: S3Client;

const put = (Key: string, Body: PutObjectCommandInput['Body'], more: Partial<PutObjectCommandInput> = {}) =>
  s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body, ...more }));
const head = (Key: string, VersionId?: string) => s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key, VersionId }));
const get = async (Key: string, more: object = {}) => {
  const answer = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key, ...more }));
  return { ...answer, text: (await answer.Body?.transformToString()) ?? '' };
};
const tagsOf = async (Key: string, VersionId?: string) =>
  (await s3.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key, VersionId }))).TagSet;
const versionsOf = async (Prefix: string) => {
  const { Versions = [], DeleteMarkers = [] } = await s3.send(
    new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix }),
  );
  return [...Versions, ...DeleteMarkers].map(({ VersionId }) => VersionId);
};
const codeOf = (sending: Promise<unknown>): Promise<string> =>
  sending.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );
const md5 = (bytes: string | Buffer): string => createHash('md5').update(bytes).digest('hex');

beforeAll(async () => {
  connector = await freshBucket({ prefix: 'writing' });
  const original = { Bucket: connector.bucket, Key: 'original', Body: 'of the connector' };
  await connector.s3.send(
    new PutObjectCommand({ ...original, ContentType: 'text/c-test', Metadata: { from: 'ring' }, Tagging: 'a=1' }),
  );
  await gateway.start();
  await mirrorListing(connector.bucket, gateway.namespace, 'life-1');
  await gateway.namespace.prepareMirror('life-2');
  await mirrorListing(connector.bucket, gateway.namespace, 'life-3');
  await gateway.setLocation('ring', testServers().connector.endpoint, connector.bucket);
  await gateway.setLocation('gone', 'http://127.0.0.1:9', 'target');
  await gateway.mirror(BUCKET, 'life-1', 'ring');
  await gateway.mirror(OTHER, 'life-2', 'ring');
  await gateway.mirror(AWAY, 'life-3', 'gone');
  s3 = gateway.client();
});
afterAll(async () => {
  s3?.destroy();
  await gateway.stop();
  await connector?.drop();
});

describe('an upload', () => {
  it('is listed and readable at once, with all that came with it', async () => {
    const facts = {
      ContentType: 'text/x-test',
      CacheControl: 'max-age=7',
      ContentDisposition: 'inline',
      ContentEncoding: 'identity',
      ContentLanguage: 'fr',
      Metadata: { colour: 'red', empty: '' },
      Tagging: 'team=a&sum=1%2B1',
    };
    const { ETag, VersionId } = await put('whole', 'some bytes', facts);
    expect(ETag).toBe(`"${md5('some bytes')}"`);
    const got = await get('whole');
    const { Tagging: _tagging, ...described } = facts;
    expect(got).toMatchObject({ ...described, text: 'some bytes', ETag, VersionId, TagCount: 2, ContentLength: 10 });
    expect(await head('whole', VersionId)).toMatchObject({ ...described, ETag, VersionId, ContentLength: 10 });
    expect(await tagsOf('whole')).toEqual([
      { Key: 'team', Value: 'a' },
      { Key: 'sum', Value: '1+1' },
    ]);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'whole' }));
    expect(Contents).toMatchObject([{ Key: 'whole', ETag, Size: 10 }]);
    expect(await versionsOf('whole')).toEqual([VersionId]);
  });

  it('is staged, and said on the topic of uploads', async () => {
    const { VersionId: versionId } = await put('said', 'bytes', { Metadata: { a: 'b' } });
    const [event] = await uploadEvents(gateway.prefix, ({ subject }) => subject === `${BUCKET}/said`);
    const content = { form: 'single', parts: [{ size: 5, md5: md5('bytes') }] };
    const facts = { bucket: BUCKET, mirrorId: 'life-1', versionId, size: 5, sequence: 1, etag: md5('bytes'), content };
    expect(event).toMatchObject({ type: 'ObjectUploaded', data: { ...facts, metadata: { a: 'b' } } });
    const operation = await gateway.namespace.pendingOperations.findOne({ key: 'said' });
    const staged = operation?.what.kind === 'put' ? operation.what.content.parts : [];
    expect(await gateway.staged()).toEqual(expect.arrayContaining(staged.map(({ stagedId }) => stagedId)));
  });

  it('of no bytes is one of no bytes', async () => {
    await put('empty', '');
    expect(await get('empty')).toMatchObject({ text: '', ContentLength: 0, ETag: `"${md5('')}"` });
  });

  it('is read in ranges, under conditions and by part', async () => {
    const { ETag, VersionId } = await put('ranged', '0123456789');
    expect(await get('ranged', { Range: 'bytes=2-4' })).toMatchObject({ text: '234', ContentRange: 'bytes 2-4/10' });
    expect(await get('ranged', { Range: 'bytes=-3', VersionId })).toMatchObject({ text: '789', ContentLength: 3 });
    expect(await codeOf(get('ranged', { Range: 'bytes=10-' }))).toBe('InvalidRange');
    expect(await get('ranged', { PartNumber: 1 })).toMatchObject({ text: '0123456789' });
    expect(await codeOf(get('ranged', { PartNumber: 2 }))).toMatch(/InvalidPartNumber|416/);
    expect(await codeOf(get('ranged', { IfMatch: '"other"' }))).toBe('PreconditionFailed');
    const unchanged = get('ranged', { IfNoneMatch: ETag });
    await expect(unchanged).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
  });

  it('comes by a presigned URL, with the headers that are in it', async () => {
    const { id: accessKeyId, secretAccessKey } = WRITER;
    const headers = { 'x-amz-meta-a': '1', 'x-amz-checksum-crc32': 'AAAAAA==' };
    const signing = { endpoint: gateway.url, bucket: BUCKET, accessKeyId, secretAccessKey, method: 'PUT', headers };
    const url = await presign(signing, 'presigned');
    expect(url).toContain('x-amz-meta-a=1');
    expect((await fetch(url, { method: 'PUT', body: 'bytes' })).status).toBe(200);
    expect(await get('presigned')).toMatchObject({ text: 'bytes', Metadata: { a: '1' } });
  });

  it('takes any key that the connector would', async () => {
    const keys = ['a/b//c', './..', 'plus+percent%25', 'née', 'ünï/💾', ' spaces ', '$&', '\uffff', 'x'.repeat(915)];
    for (const key of keys) {
      await put(key, key);
      expect((await get(key)).text).toBe(key);
    }
  });

  it('streams what is larger than memory should hold of it', async () => {
    const piece = randomBytes(1024 * 1024);
    const pieces = 64;
    const hash = createHash('md5');
    for (let sent = 0; sent < pieces; sent += 1) hash.update(piece);
    async function* body() {
      for (let sent = 0; sent < pieces; sent += 1) yield piece;
    }
    await put('large', Readable.from(body()), { ContentLength: pieces * piece.length });
    const { Body, ETag } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'large' }));
    const read = createHash('md5');
    for await (const chunk of Body as AsyncIterable<Uint8Array>) read.update(chunk);
    const expected = hash.digest('hex');
    expect([read.digest('hex'), ETag]).toEqual([expected, `"${expected}"`]);
  });
});

describe('an overwrite', () => {
  it('is the latest version, and the older one stays', async () => {
    const { VersionId: first } = await put('again', 'one');
    const { VersionId: second } = await put('again', 'two');
    expect((await get('again')).text).toBe('two');
    expect((await get('again', { VersionId: first })).text).toBe('one');
    expect(await versionsOf('again')).toEqual([second, first]);
  });

  it('of an object at the connector goes before it', async () => {
    const [original = ''] = await versionsOf('original');
    const { VersionId } = await put('original', 'of Zenko');
    expect(await versionsOf('original')).toEqual([VersionId, original]);
    expect((await get('original')).text).toBe('of Zenko');
    expect((await get('original', { VersionId: original })).text).toBe('of the connector');
    await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'original', VersionId }));
    expect(await versionsOf('original')).toEqual([original]);
  });
});

describe('a condition', () => {
  it('is held against the latest version', async () => {
    const { ETag } = await put('conditional', 'one', { IfNoneMatch: '*' });
    expect(await codeOf(put('conditional', 'two', { IfNoneMatch: '*' }))).toBe('PreconditionFailed');
    expect(await codeOf(put('conditional', 'two', { IfMatch: '"other"' }))).toBe('PreconditionFailed');
    await put('conditional', 'two', { IfMatch: ETag });
    expect(await codeOf(put('conditional', 'three', { IfMatch: ETag }))).toBe('PreconditionFailed');
    expect(await codeOf(put('not-there', 'one', { IfMatch: ETag }))).toBe('NoSuchKey');
    await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'conditional' }));
    await put('conditional', 'four', { IfNoneMatch: '*' });
    expect((await get('conditional')).text).toBe('four');
  });

  it('that 50 clients race for is won by one', async () => {
    const before = await gateway.staged();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, client) => codeOf(put('raced', `by ${client}`, { IfNoneMatch: '*' }))),
    );
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'PreconditionFailed')).toHaveLength(49);
    expect(await versionsOf('raced')).toHaveLength(1);
    expect(await gateway.staged()).toHaveLength(before.length + 1);
  });
});

describe('a delete', () => {
  it('makes a marker, which can be deleted', async () => {
    await put('marked', 'bytes');
    const deletion = await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'marked' }));
    expect(deletion.DeleteMarker).toBe(true);
    expect(await codeOf(get('marked'))).toBe('NoSuchKey');
    expect(await codeOf(head('marked'))).toBe('NotFound');
    const { VersionId } = deletion;
    const undone = await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'marked', VersionId }));
    expect(undone).toMatchObject({ DeleteMarker: true, VersionId });
    expect((await get('marked')).text).toBe('bytes');
  });

  it('of a key or a version that never was is answered as done', async () => {
    expect((await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'never' }))).DeleteMarker).toBe(true);
    const ghost = { Bucket: BUCKET, Key: 'never', VersionId: 'nobodysversion' };
    expect(await s3.send(new DeleteObjectCommand(ghost))).toMatchObject({ VersionId: 'nobodysversion' });
    const impossible = await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'x'.repeat(916) }));
    expect(impossible.DeleteMarker).toBeUndefined();
    expect(await versionsOf('x'.repeat(916))).toEqual([]);
  });

  it('of many keys is answered by key', async () => {
    for (const key of ['many/1', 'many/2']) await put(key, key);
    const { VersionId } = await put('many/3', 'x');
    const Objects = [
      { Key: 'many/1' },
      { Key: 'many/2', ETag: '"other"' },
      { Key: 'many/3', VersionId },
      { Key: 'many/4' },
    ];
    const answer = await s3.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } }));
    expect(answer.Deleted).toMatchObject([
      { Key: 'many/1', DeleteMarker: true },
      { Key: 'many/3', VersionId },
      { Key: 'many/4', DeleteMarker: true },
    ]);
    expect(answer.Errors).toMatchObject([{ Key: 'many/2', Code: 'PreconditionFailed' }]);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'many/' }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['many/2']);
    const quiet = { Bucket: BUCKET, Delete: { Quiet: true, Objects: [{ Key: 'many/2' }] } };
    expect((await s3.send(new DeleteObjectsCommand(quiet))).Deleted).toBeUndefined();
  });

  it('of a version at the connector hides it', async () => {
    const Key = 'doomed';
    const id = { k: Key, v: 'v1' };
    await gateway.namespace.versions('life-1').insertOne(versionDocument(Key, 'v1'));
    await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key, VersionId: 'v1' }));
    expect(await versionsOf(Key)).toEqual([]);
    expect(await codeOf(head(Key))).toBe('NotFound');
    expect(await gateway.namespace.versions('life-1').findOne({ _id: id })).toMatchObject({ hidden: true, live: true });
  });
});

describe('tags', () => {
  const setTags = (Key: string, TagSet: { Key: string; Value: string }[], VersionId?: string) =>
    s3.send(new PutObjectTaggingCommand({ Bucket: BUCKET, Key, VersionId, Tagging: { TagSet } }));

  it('of a pending object are replaced and removed', async () => {
    const { VersionId } = await put('tagged', 'bytes', { Tagging: 'a=1' });
    expect((await setTags('tagged', [{ Key: 'b', Value: '2' }])).VersionId).toBe(VersionId);
    expect(await tagsOf('tagged', VersionId)).toEqual([{ Key: 'b', Value: '2' }]);
    await s3.send(new DeleteObjectTaggingCommand({ Bucket: BUCKET, Key: 'tagged' }));
    expect(await tagsOf('tagged')).toEqual([]);
  });

  it('of an object at the connector are the client’s from then on', async () => {
    const [VersionId = ''] = await versionsOf('original');
    await setTags('original', [{ Key: 'set', Value: 'by Zenko' }], VersionId);
    expect(await tagsOf('original')).toEqual([{ Key: 'set', Value: 'by Zenko' }]);
    expect(await head('original')).toMatchObject({ ContentType: 'text/c-test', Metadata: { from: 'ring' } });
  });

  it('have S3’s limits', async () => {
    await put('limited', 'bytes');
    const many = Array.from({ length: 11 }, (_, n) => ({ Key: `k${n}`, Value: '' }));
    expect(await codeOf(setTags('limited', many))).toBe('BadRequest');
    expect(await codeOf(setTags('limited', [{ Key: 'x'.repeat(129), Value: '' }]))).toBe('InvalidTag');
    expect(await codeOf(setTags('limited', [{ Key: 'x', Value: 'y'.repeat(257) }]))).toBe('InvalidTag');
    expect(await codeOf(setTags('limited', [{ Key: 'x', Value: '<' }]))).toBe('InvalidTag');
    const twice = [
      { Key: 'x', Value: '1' },
      { Key: 'x', Value: '2' },
    ];
    expect(await codeOf(setTags('limited', twice))).toBe('InvalidTag');
    expect(await codeOf(setTags('not-there', []))).toBe('NoSuchKey');
    expect(await codeOf(put('limited', 'bytes', { Tagging: 'a=1&a=2' }))).toBe('InvalidTag');
  });
});

describe('a copy', () => {
  const copy = (Key: string, CopySource: string, more: object = {}) =>
    s3.send(new CopyObjectCommand({ Bucket: BUCKET, Key, CopySource, ...more }));

  it('of a pending object has its bytes, metadata and tags', async () => {
    const { ETag, VersionId } = await put('source', 'bytes', {
      Metadata: { a: '1' },
      ContentType: 'x/y',
      Tagging: 't=1',
    });
    const answer = await copy('target', `${BUCKET}/source`);
    expect(answer).toMatchObject({ CopySourceVersionId: VersionId, CopyObjectResult: { ETag } });
    expect(await get('target')).toMatchObject({ text: 'bytes', ContentType: 'x/y', Metadata: { a: '1' }, ETag });
    expect(await tagsOf('target')).toEqual([{ Key: 't', Value: '1' }]);
    const replaced = {
      MetadataDirective: 'REPLACE',
      Metadata: { b: '2' },
      TaggingDirective: 'REPLACE',
      Tagging: 'u=2',
    };
    await copy('target', `/${BUCKET}/source?versionId=${VersionId}`, replaced);
    expect((await head('target')).Metadata).toEqual({ b: '2' });
    expect(await tagsOf('target')).toEqual([{ Key: 'u', Value: '2' }]);
  });

  it('of an object at the connector has its bytes, metadata and tags, in another bucket, too', async () => {
    const source = `${BUCKET}/${encodeURIComponent('original')}`;
    await s3.send(new CopyObjectCommand({ Bucket: OTHER, Key: 'copied', CopySource: source }));
    const copied = { Bucket: OTHER, Key: 'copied' };
    const { Body, ContentType, Metadata } = await s3.send(new GetObjectCommand(copied));
    expect(await Body?.transformToString()).toBe('of the connector');
    expect([ContentType, Metadata]).toEqual(['text/c-test', { from: 'ring' }]);
    const { TagSet } = await s3.send(new GetObjectTaggingCommand(copied));
    expect(TagSet).toEqual([{ Key: 'set', Value: 'by Zenko' }]);
  });

  it('onto itself needs a change', async () => {
    await put('self', 'bytes', { Metadata: { a: '1' } });
    expect(await codeOf(copy('self', `${BUCKET}/self`))).toBe('InvalidRequest');
    await copy('self', `${BUCKET}/self`, { MetadataDirective: 'REPLACE', Metadata: { b: '2' } });
    expect(await get('self')).toMatchObject({ text: 'bytes', Metadata: { b: '2' } });
  });

  it('is refused for a source that is not there, or not as expected', async () => {
    const before = await gateway.staged();
    await put('judged', 'bytes');
    const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'never' }));
    expect(await codeOf(copy('t', `${BUCKET}/not-there`))).toBe('NoSuchKey');
    expect(await codeOf(copy('t', 'no-bucket/key'))).toBe('NoSuchBucket');
    expect(await codeOf(copy('t', `${BUCKET}/never?versionId=${VersionId}`))).toBe('InvalidRequest');
    expect(await codeOf(copy('t', `${BUCKET}/judged`, { CopySourceIfMatch: '"x"' }))).toBe('PreconditionFailed');
    expect(await codeOf(copy('t', `${BUCKET}/judged?versionId=nope`))).toBe('NoSuchVersion');
    expect(await codeOf(copy('t', 'nonsense'))).toBe('InvalidArgument');
    expect(await codeOf(copy('t', `${AWAY}/original`))).toBe('ServiceUnavailable');
    expect(await gateway.staged()).toHaveLength(before.length + 1);
  });

  it('needs a key that may read its source', async () => {
    const key = { ...WRITER, id: 'ONLYOTHER', buckets: [OTHER] };
    gateway.config.keys.set(key.id, key);
    const client = gateway.client(key);
    const command = new CopyObjectCommand({ Bucket: OTHER, Key: 'stolen', CopySource: `${BUCKET}/original` });
    expect(await codeOf(client.send(command))).toBe('AccessDenied');
    client.destroy();
  });
});

it('while the connector is away, all of it is accepted', async () => {
  const target = { Bucket: AWAY, Key: 'accepted' };
  await s3.send(new PutObjectCommand({ ...target, Body: 'one' }));
  await s3.send(new CopyObjectCommand({ Bucket: AWAY, Key: 'copied', CopySource: `${AWAY}/accepted` }));
  await s3.send(new PutObjectTaggingCommand({ ...target, Tagging: { TagSet: [{ Key: 'a', Value: '1' }] } }));
  await s3.send(new DeleteObjectCommand(target));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: AWAY, Key: 'copied' }));
  expect(await Body?.transformToString()).toBe('one');
  expect(await codeOf(s3.send(new HeadObjectCommand(target)))).toBe('NotFound');
});
