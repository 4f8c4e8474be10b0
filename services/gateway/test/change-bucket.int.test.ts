import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { closeUploads, reopenUploads } from '@mirror/namespace';
import { waitFor } from '@mirror/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RunningGateway } from './harness/running-gateway.js';

/** Buckets are made and detached over S3, by the config service. */

const gateway = new RunningGateway();
let s3: S3Client;

beforeAll(async () => {
  await gateway.start();
  await gateway.setLocation('ring', 'http://127.0.0.1:9', 'target');
  s3 = gateway.client();
});
afterAll(async () => {
  s3?.destroy();
  await gateway.stop();
});

const create = (Bucket: string, constraint?: string) =>
  s3.send(
    new CreateBucketCommand({
      Bucket,
      ...(constraint && { CreateBucketConfiguration: { LocationConstraint: constraint as 'EU' } }),
    }),
  );
const remove = (Bucket: string) => s3.send(new DeleteBucketCommand({ Bucket }));
const codeOf = (sending: Promise<unknown>): Promise<string> =>
  sending.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  );

const refuse = (status: number, code: string, detail: string): void => {
  gateway.config.changeBucket = async () => [status, { status, code, detail, hint: 'Do something else.' }];
};

it('a bucket is made on a location in Mirror mode, and served when the answer is there', async () => {
  const asked: unknown[] = [];
  gateway.config.changeBucket = async (name, locationConstraint) => {
    asked.push([name, locationConstraint]);
    await gateway.namespace.prepareMirror('life-1');
    void gateway.mirror(name, 'life-1', 'ring');
    const createdAt = new Date().toISOString();
    return [201, { name, locationConstraint, location: 'ring', mirrorId: 'life-1', createdAt }];
  };
  expect((await create('made', 'ring:ingest')).Location).toBe('/made');
  expect(asked).toEqual([['made', 'ring:ingest']]);
  await s3.send(new HeadBucketCommand({ Bucket: 'made' }));
});

it.each([
  [409, 'BUCKET.EXISTS', 'BucketAlreadyOwnedByYou'],
  [409, 'BUCKET.LOCATION_MIRRORED', 'OperationAborted'],
  [422, 'BUCKET.NOT_A_MIRROR', 'InvalidLocationConstraint'],
  [422, 'BUCKET.LOCATION_UNKNOWN', 'InvalidLocationConstraint'],
])('what config refuses as %i %s is %s, with config’s words', async (status, code, s3Code) => {
  refuse(status, code, 'That is not possible.');
  expect(await codeOf(create('refused', 'ring:ingest'))).toBe(`${s3Code}: That is not possible. Do something else.`);
});

it('a bucket without a location, or of no name, is not asked for', async () => {
  const before = gateway.config.asked.filter((path) => path.includes('buckets')).length;
  expect(await codeOf(create('nowhere'))).toMatch(/^InvalidLocationConstraint: .*NAME:ingest/);
  expect(await codeOf(create('No_Name', 'ring:ingest'))).toMatch(/^InvalidBucketName/);
  expect(gateway.config.asked.filter((path) => path.includes('buckets'))).toHaveLength(before);
});

it('a detach is refused while uploads wait, and 503 while config is away', async () => {
  refuse(409, 'BUCKET.UPLOADS_WAITING', '3 uploads wait.');
  expect(await codeOf(remove('made'))).toBe('BucketNotEmpty: 3 uploads wait. Do something else.');
  gateway.config.isDown = true;
  expect(await codeOf(remove('made'))).toMatch(/^ServiceUnavailable/);
  gateway.config.isDown = false;
  expect(await codeOf(remove('not-there'))).toMatch(/^NoSuchBucket/);
});

it('nothing is accepted while a detach is under way, and all is again when it was refused', async () => {
  const put = () => s3.send(new PutObjectCommand({ Bucket: 'made', Key: 'k', Body: 'bytes' }));
  await closeUploads(gateway.namespace.uploadGates, 'life-1');
  expect(await codeOf(put())).toMatch(/^ServiceUnavailable/);
  const Delete = { Objects: [{ Key: 'a' }, { Key: 'b' }] };
  const { Errors, Deleted } = await s3.send(new DeleteObjectsCommand({ Bucket: 'made', Delete }));
  expect([Deleted, Errors?.map(({ Key, Code }) => [Key, Code])]).toEqual([
    undefined,
    [
      ['a', 'ServiceUnavailable'],
      ['b', 'ServiceUnavailable'],
    ],
  ]);
  await reopenUploads(gateway.namespace.uploadGates, 'life-1');
  await put();
});

it('a detached bucket is gone when the answer is there, and its multipart uploads with it', async () => {
  const upload = { Bucket: 'made', Key: 'k' };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload));
  await s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: 'bytes' }));
  gateway.config.changeBucket = async (name) => {
    void gateway.detach(name, 'life-1', 'ring');
    return [204];
  };
  await remove('made');
  await expect(s3.send(new HeadBucketCommand({ Bucket: 'made' }))).rejects.toMatchObject({ name: 'NotFound' });
  const { db } = gateway.namespace;
  const left = async () => (await db.collection('multipartUploads').countDocuments()) === 0;
  await waitFor(left, { what: 'the multipart uploads to go' });
  expect(await db.collection('uploadParts').countDocuments()).toBe(0);
});
