import { createHash, randomBytes } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningGateway } from './harness/running-gateway.js';

/** Multipart uploads in full; the connector is away throughout. */

const BUCKET = 'parts';
const gateway = new RunningGateway();
let s3: S3Client;

const LEAST = 5 * 1024 * 1024;
const big = randomBytes(LEAST);
const bigger = randomBytes(LEAST + 1);
const small = Buffer.from('the last part');

beforeAll(async () => {
  await gateway.start();
  await gateway.namespace.prepareMirror('life-1');
  await gateway.setLocation('gone', 'http://127.0.0.1:9', 'target');
  await gateway.mirror(BUCKET, 'life-1', 'gone');
  s3 = gateway.client();
});
afterAll(async () => {
  s3?.destroy();
  await gateway.stop();
});

type Parts = NonNullable<CompleteMultipartUploadCommandInput['MultipartUpload']>['Parts'];

const begin = async (Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}): Promise<string> =>
  (await s3.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key, ...more }))).UploadId ?? '';
const part = (Key: string, UploadId: string, PartNumber: number, Body: Buffer) =>
  s3.send(new UploadPartCommand({ Bucket: BUCKET, Key, UploadId, PartNumber, Body }));
const complete = (Key: string, UploadId: string, Parts: Parts, more: object = {}) =>
  s3.send(new CompleteMultipartUploadCommand({ Bucket: BUCKET, Key, UploadId, MultipartUpload: { Parts }, ...more }));
const abort = (Key: string, UploadId: string) =>
  s3.send(new AbortMultipartUploadCommand({ Bucket: BUCKET, Key, UploadId }));
const partsOf = async (Key: string, UploadId: string, more: object = {}) =>
  s3.send(new ListPartsCommand({ Bucket: BUCKET, Key, UploadId, ...more }));
const get = async (Key: string, more: object = {}) => {
  const answer = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key, ...more }));
  return { ...answer, bytes: Buffer.from((await answer.Body?.transformToByteArray()) ?? []) };
};
const codeOf = (sending: Promise<unknown>): Promise<string> =>
  sending.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );

const multipartEtag = (...parts: readonly Buffer[]): string => {
  const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();
  return `"${md5(Buffer.concat(parts.map(md5))).toString('hex')}-${parts.length}"`;
};

describe('an upload', () => {
  it('becomes an object of its parts, with what was said when it began', async () => {
    const Key = 'whole';
    const uploadId = await begin(Key, { ContentType: 'x/y', Metadata: { a: '1' }, Tagging: 't=1' });
    const answers = await Promise.all([big, bigger, small].map((body, index) => part(Key, uploadId, index + 1, body)));
    const Parts = answers.map(({ ETag }, index) => ({ ETag, PartNumber: index + 1 }));
    expect((await partsOf(Key, uploadId)).Parts).toMatchObject(
      [big, bigger, small].map(({ length }, index) => ({ ...Parts[index], Size: length })),
    );
    const { ETag, VersionId } = await complete(Key, uploadId, Parts);
    expect(ETag).toBe(multipartEtag(big, bigger, small));
    const got = await get(Key);
    expect(got).toMatchObject({ ETag, VersionId, ContentType: 'x/y', Metadata: { a: '1' }, TagCount: 1 });
    expect(got.bytes.equals(Buffer.concat([big, bigger, small]))).toBe(true);
    expect(await complete(Key, uploadId, Parts)).toMatchObject({ ETag, VersionId });
  });

  it('is read by part and across parts', async () => {
    const [first, last] = [LEAST - 2, LEAST + 1];
    const { bytes, ContentRange } = await get('whole', { Range: `bytes=${first}-${last}` });
    expect(bytes.equals(Buffer.concat([big.subarray(-2), bigger.subarray(0, 2)]))).toBe(true);
    expect(ContentRange).toBe(`bytes ${first}-${last}/${2 * LEAST + 1 + small.length}`);
    const third = await get('whole', { PartNumber: 3 });
    expect([third.bytes.equals(small), third.PartsCount]).toEqual([true, 3]);
    const head = await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'whole', PartNumber: 2 }));
    expect(head).toMatchObject({ ContentLength: LEAST + 1, PartsCount: 3 });
  });

  it('keeps of a part that is uploaded again the second one, and of parts that are not listed nothing', async () => {
    const Key = 'twice';
    const before = (await gateway.staged()).length;
    const uploadId = await begin(Key);
    await part(Key, uploadId, 1, big);
    const { ETag } = await part(Key, uploadId, 1, small);
    await part(Key, uploadId, 2, bigger);
    expect(await gateway.staged()).toHaveLength(before + 2);
    await complete(Key, uploadId, [{ ETag, PartNumber: 1 }]);
    expect((await get(Key)).bytes.equals(small)).toBe(true);
    expect(await gateway.staged()).toHaveLength(before + 1);
  });

  it('copies parts, whole or in ranges', async () => {
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'source', Body: Buffer.concat([big, small]) }));
    const Key = 'of-copies';
    const uploadId = await begin(Key);
    const copy = (PartNumber: number, more: object = {}) =>
      s3.send(
        new UploadPartCopyCommand({
          Bucket: BUCKET,
          Key,
          UploadId: uploadId,
          PartNumber,
          CopySource: `${BUCKET}/source`,
          ...more,
        }),
      );
    const whole = await copy(1);
    const range = await copy(2, { CopySourceRange: `bytes=${LEAST}-${LEAST + 2}` });
    expect(await codeOf(copy(3, { CopySourceRange: `bytes=0-${LEAST + 1_000}` }))).toBe('InvalidArgument');
    const Parts = [whole, range].map(({ CopyPartResult }, index) => ({
      ETag: CopyPartResult?.ETag,
      PartNumber: index + 1,
    }));
    await complete(Key, uploadId, Parts);
    expect((await get(Key)).bytes.equals(Buffer.concat([big, small, small.subarray(0, 3)]))).toBe(true);
  });

  it('that is aborted leaves nothing', async () => {
    const before = await gateway.staged();
    const uploadId = await begin('aborted');
    await part('aborted', uploadId, 1, small);
    await abort('aborted', uploadId);
    expect(await gateway.staged()).toEqual(before);
    expect(await codeOf(abort('aborted', uploadId))).toBe('NoSuchUpload');
    expect(await codeOf(part('aborted', uploadId, 2, small))).toBe('NoSuchUpload');
    expect(await codeOf(partsOf('aborted', uploadId))).toBe('NoSuchUpload');
    expect(await codeOf(complete('aborted', uploadId, [{ ETag: 'x', PartNumber: 1 }]))).toBe('NoSuchUpload');
    expect(await gateway.staged()).toEqual(before);
  });
});

describe('a completion', () => {
  it('is refused by S3’s rules, and can be sent again as it should be', async () => {
    const Key = 'ruled';
    const uploadId = await begin(Key);
    const [one, two] = [await part(Key, uploadId, 1, small), await part(Key, uploadId, 2, small)];
    const first = { ETag: one.ETag, PartNumber: 1 };
    const second = { ETag: two.ETag, PartNumber: 2 };
    expect(await codeOf(complete(Key, uploadId, [second, first]))).toBe('InvalidPartOrder');
    expect(await codeOf(complete(Key, uploadId, [first, first]))).toBe('InvalidPartOrder');
    expect(await codeOf(complete(Key, uploadId, [first, { ETag: one.ETag, PartNumber: 3 }]))).toBe('InvalidPart');
    expect(await codeOf(complete(Key, uploadId, [{ ETag: '"other"', PartNumber: 1 }]))).toBe('InvalidPart');
    expect(await codeOf(complete(Key, uploadId, [first, second]))).toBe('EntityTooSmall');
    expect(await codeOf(complete(Key, uploadId, []))).toBe('MalformedXML');
    expect(await codeOf(complete(Key, uploadId, [second], { MpuObjectSize: 1 }))).toBe('InvalidRequest');
    await complete(Key, uploadId, [second]);
    expect((await get(Key)).bytes.equals(small)).toBe(true);
  });

  it('has conditions', async () => {
    const Key = 'conditional';
    const uploadId = await begin(Key);
    const { ETag } = await part(Key, uploadId, 1, small);
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' }));
    const Parts = [{ ETag, PartNumber: 1 }];
    expect(await codeOf(complete(Key, uploadId, Parts, { IfNoneMatch: '*' }))).toBe('PreconditionFailed');
    await complete(Key, uploadId, Parts);
  });

  it('that is sent many times at once makes one version', async () => {
    const Key = 'at-once';
    const uploadId = await begin(Key);
    const { ETag } = await part(Key, uploadId, 1, small);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => complete(Key, uploadId, [{ ETag, PartNumber: 1 }])),
    );
    expect(new Set(answers.map(({ VersionId }) => VersionId)).size).toBe(1);
    expect(await gateway.namespace.versions('life-1').countDocuments({ '_id.k': Key })).toBe(1);
  });

  it.each([
    ['CRC32', 'FULL_OBJECT'],
    ['CRC32C', 'FULL_OBJECT'],
    ['CRC64NVME', 'FULL_OBJECT'],
    ['CRC32', 'COMPOSITE'],
    ['SHA256', 'COMPOSITE'],
    ['SHA1', 'COMPOSITE'],
  ] as const)('verifies %s as %s', async (ChecksumAlgorithm, ChecksumType) => {
    const Key = `summed-${ChecksumAlgorithm}-${ChecksumType}`;
    const member = `Checksum${ChecksumAlgorithm}` as const;
    const whole = await s3.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: 'reference', Body: Buffer.concat([big, small]), ChecksumAlgorithm }),
    );
    const uploadId = await begin(Key, { ChecksumAlgorithm, ChecksumType });
    const send = (PartNumber: number, Body: Buffer) =>
      s3.send(new UploadPartCommand({ Bucket: BUCKET, Key, UploadId: uploadId, PartNumber, Body, ChecksumAlgorithm }));
    const answers = [await send(1, big), await send(2, small)];
    const Parts = answers.map((answer, index) => ({ ...answer, PartNumber: index + 1 }));
    const wrong = Parts.map((listed) => ({ ...listed, [member]: Parts[0]?.[member] }));
    expect(await codeOf(complete(Key, uploadId, wrong))).toBe('InvalidPart');
    const completed = await complete(Key, uploadId, Parts, { ChecksumType });
    expect(completed.ChecksumType).toBe(ChecksumType);
    if (ChecksumType === 'FULL_OBJECT') expect(completed[member]).toBe(whole[member]);
    else expect(completed[member]).toMatch(/-2$/);
  });
});

describe('uploads under way', () => {
  it('are listed in pages, by key and by folder', async () => {
    const keys = ['list/a', 'list/a', 'list/b/1', 'list/b/2', 'list/c'];
    const uploads: string[] = [];
    for (const key of keys) uploads.push(await begin(key));
    const found: [string | undefined, string | undefined][] = [];
    let markers: object = {};
    for (let truncated = true; truncated; ) {
      const page = await s3.send(
        new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: 'list/', MaxUploads: 2, ...markers }),
      );
      found.push(...(page.Uploads ?? []).map(({ Key, UploadId }) => [Key, UploadId] as (typeof found)[0]));
      markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
      truncated = page.IsTruncated ?? false;
    }
    expect(found).toEqual(keys.map((key, index) => [key, uploads[index]]));
    const folders = { Bucket: BUCKET, Prefix: 'list/', Delimiter: '/', MaxUploads: 3 };
    const first = await s3.send(new ListMultipartUploadsCommand(folders));
    expect(first.CommonPrefixes).toEqual([{ Prefix: 'list/b/' }]);
    const next = await s3.send(new ListMultipartUploadsCommand({ ...folders, KeyMarker: first.NextKeyMarker }));
    expect(next.Uploads?.map(({ Key }) => Key)).toEqual(['list/c']);
    for (const [index, key] of keys.entries()) await abort(key, uploads[index] ?? '');
  });

  it('list their parts in pages', async () => {
    const uploadId = await begin('paged');
    for (const number of [3, 10, 7]) await part('paged', uploadId, number, small);
    const first = await partsOf('paged', uploadId, { MaxParts: 2 });
    expect(first).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '7' });
    const next = await partsOf('paged', uploadId, { MaxParts: 2, PartNumberMarker: first.NextPartNumberMarker });
    expect([next.IsTruncated, next.Parts?.map(({ PartNumber }) => PartNumber)]).toEqual([false, [10]]);
    await abort('paged', uploadId);
  });
});
