import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { waitFor } from '@mirror/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RunningGateway } from './harness/running-gateway.js';

/** Multipart uploads that nobody ends; the connector is away throughout. */

const BUCKET = 'parts';
const gateway = new RunningGateway();
let s3: S3Client;

beforeAll(async () => {
  await gateway.start({ MULTIPART_LIFETIME_SECONDS: '30' });
  await gateway.namespace.prepareMirror('life-1');
  await gateway.setLocation('gone', 'http://127.0.0.1:9', 'target');
  await gateway.mirror(BUCKET, 'life-1', 'gone');
  s3 = gateway.client();
});
afterAll(async () => {
  s3?.destroy();
  await gateway.stop();
});

const collection = (name: string) => gateway.namespace.db.collection<{ _id: string }>(name);

async function begin(Key: string): Promise<string> {
  const { UploadId = '' } = await s3.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key }));
  await s3.send(new UploadPartCommand({ Bucket: BUCKET, Key, UploadId, PartNumber: 1, Body: `part of ${Key}` }));
  return UploadId;
}

async function complete(Key: string, UploadId: string): Promise<string | undefined> {
  const part = { PartNumber: 1, ETag: (await partOf(UploadId))?.md5 ?? 'unknown' };
  const command = { Bucket: BUCKET, Key, UploadId, MultipartUpload: { Parts: [part] } };
  return (await s3.send(new CompleteMultipartUploadCommand(command))).VersionId;
}

const partOf = (uploadId: string) => gateway.namespace.db.collection('uploadParts').findOne({ '_id.u': uploadId });
const beganAnHourAgo = (uploadId: string) =>
  collection('multipartUploads').updateOne(
    { _id: uploadId },
    { $set: { initiatedAt: new Date(Date.now() - 3_600_000) } },
  );
const intentOf = (key: string) => gateway.namespace.db.collection('stagingIntents').findOne({ key });

it('one that outlived its lifetime is aborted and its parts are given up; others stay', async () => {
  const [old, young, done] = [await begin('old'), await begin('young'), await begin('done')];
  const version = await complete('done', done);
  for (const uploadId of [done, old]) await beganAnHourAgo(uploadId);
  const isGone = async () => (await collection('multipartUploads').findOne({ _id: old })) === null;
  await waitFor(isGone, { what: 'the old upload to be aborted', timeoutMs: 20_000 });
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
  expect(Uploads.map(({ Key }) => Key)).toEqual(['young']);
  await expect(complete('old', old)).rejects.toMatchObject({ name: 'NoSuchUpload' });
  expect(await partOf(old)).toBeNull();
  // The sweep of staging drops what is abandoned.
  expect(await intentOf('old')).toMatchObject({ state: 'abandoned', uploadId: old });
  expect(await intentOf('young')).toMatchObject({ state: 'open', uploadId: young });
  expect(await complete('done', done)).toBe(version);
  await complete('young', young);
  const read = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'young' }));
  expect(await read.Body?.transformToString()).toBe('part of young');
});
