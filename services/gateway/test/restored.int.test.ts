import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { topics } from '@mirror/events';
import { advancePosition } from '@mirror/namespace';
import { testServers, waitFor } from '@mirror/testing';
import { beforeEach, expect, it } from 'vitest';
import { RunningGateway } from './harness/running-gateway.js';
import { TcpProxy } from './harness/tcp-proxy.js';

/** A database that went back in time, and the replication service that has not made up for it yet; the connector is away. */

const Bucket = 'photos';
let gateway: RunningGateway;
let mongo: TcpProxy;
let s3: S3Client;

beforeEach(async () => {
  gateway = new RunningGateway();
  mongo = new TcpProxy(`http://${new URL(testServers().mongodbUrl).host}`);
  await gateway.start({}, new URL(await mongo.start()).host);
  await gateway.namespace.prepareMirror('life-1');
  await gateway.setLocation('gone', 'http://127.0.0.1:9', 'target');
  await gateway.mirror(Bucket, 'life-1', 'gone');
  s3 = gateway.client();
  return async () => {
    s3.destroy();
    await gateway.stop();
    await mongo.stop();
  };
});

const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body: `bytes of ${Key}` }));
const codeOf = (sending: Promise<unknown>): Promise<string> =>
  sending.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );

/** What was accepted is on its topic, and consumed, and the position that was stored is gone. Answers what it was. */
async function fallBack(): Promise<ReadonlyMap<number, string>> {
  let ends: ReadonlyMap<number, string> = new Map();
  const isSaid = async () => {
    ends = await gateway.consumed(topics.uploads, 'replication');
    return [...ends.values()].some((end) => end !== '0');
  };
  await waitFor(isSaid, { what: 'an event of what was accepted' });
  return ends;
}

/** As the replication service does it at the end of its rebuild. */
async function mend(ends: ReadonlyMap<number, string>): Promise<void> {
  const name = `${gateway.prefix}${topics.uploads.name}`;
  for (const [partition, end] of ends) await advancePosition(gateway.namespace.positions, name, partition, end);
}

const until = (code: string, key: string) =>
  waitFor(async () => (await codeOf(put(key))) === code, { what: `a put to be answered ${code}`, timeoutMs: 20_000 });

it('accepts nothing until what it has lost is made again, and is read meanwhile', async () => {
  const { VersionId } = await put('kept');
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
  const part = { Bucket, Key: 'parts', UploadId, PartNumber: 1 };
  const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: 'a part' }));
  const ends = await fallBack();
  await until('SlowDown', 'refused');
  const staged = await gateway.staged();
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  const refused = [
    put('kept'),
    s3.send(new DeleteObjectCommand({ Bucket, Key: 'kept' })),
    s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'kept', Tagging: { TagSet: [] } })),
    s3.send(new UploadPartCommand({ ...part, PartNumber: 2, Body: 'another part' })),
    s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'parts', UploadId, MultipartUpload })),
  ];
  expect(await Promise.all(refused.map(codeOf))).toEqual(refused.map(() => 'SlowDown'));
  expect(await gateway.staged()).toEqual(staged);
  const read = await s3.send(new GetObjectCommand({ Bucket, Key: 'kept' }));
  expect(read.VersionId).toBe(VersionId);
  await mend(ends);
  await until('done', 'accepted');
  await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'parts', UploadId, MultipartUpload }));
});

it('that was away is looked at before anything more is accepted', async () => {
  await put('kept');
  const outbox = gateway.namespace.db.collection('gatewayOutbox');
  await waitFor(async () => (await outbox.countDocuments()) === 0, { what: 'the event to be said' });
  mongo.pause();
  await until('ServiceUnavailable', 'away');
  await fallBack();
  mongo.resume();
  const codes = new Set<string>();
  const isTold = async () => codes.add(await codeOf(put('back'))).has('SlowDown');
  await waitFor(isTold, { what: 'a put to be refused', timeoutMs: 20_000, intervalMs: 5 });
  expect(codes).not.toContain('done');
});
