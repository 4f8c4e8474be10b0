import { createHash, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { findLatest, type PendingOperation, recordPush } from '@mirror/namespace';
import { PermanentError } from '@mirror/runtime';
import { type FreshBucket, freshBucket, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FoundObject } from '../src/operations/find-object.js';
import { openVersion } from '../src/operations/open-version.js';
import type { Call, Sources } from '../src/operations/operation.js';
import { S3Error } from '../src/protocol/errors.js';
import { Download } from './harness/download.js';
import { RunningGateway, WRITER } from './harness/running-gateway.js';
import { presign } from './harness/sdk-signer.js';

/** An upload that reaches the connector, and is recorded there, while clients go on with the id that they were given. */

const BUCKET = 'moving';
const gateway = new RunningGateway();
let connector: FreshBucket;
let s3: S3Client;

beforeAll(async () => {
  connector = await freshBucket({ prefix: 'pushed' });
  await gateway.start();
  await gateway.namespace.prepareMirror('life-1');
  await gateway.setLocation('ring', testServers().connector.endpoint, connector.bucket);
  await gateway.mirror(BUCKET, 'life-1', 'ring');
  s3 = gateway.client();
});
afterAll(async () => {
  s3?.destroy();
  await gateway.stop();
  await connector?.drop();
});

async function operationOf(key: string): Promise<PendingOperation> {
  const operation = await gateway.namespace.pendingOperations.findOne({ key }, { sort: { sequence: 1 } });
  if (operation === null) throw new Error(`nothing waits for ${key}`);
  return operation;
}

/** What the replication service would do: put the bytes, record it, drop what was staged. Answers the connector's id. */
async function push(key: string, bytes: Buffer): Promise<string> {
  const { _id: operationId, mirrorId, bucket, sequence, what } = await operationOf(key);
  const put = new PutObjectCommand({ Bucket: connector.bucket, Key: key, Body: bytes });
  const { VersionId: versionId = '' } = await connector.s3.send(put);
  const operation = { operationId, mirrorId, bucket, key, sequence };
  const completed = { kind: what.kind, clientVersionId: what.versionId, versionId, outcome: 'done' as const };
  expect(await recordPush(gateway.namespace, { ...operation, ...completed })).toBe(true);
  const parts = what.kind === 'put' ? what.content.parts : [];
  for (const { stagedId } of parts) await rm(join(gateway.staging, stagedId));
  return versionId;
}

const upload = async (Key: string, Body: Buffer | string): Promise<string> =>
  (await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }))).VersionId ?? '';
const text = async (Key: string, VersionId?: string): Promise<string | undefined> =>
  (await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key, VersionId }))).Body?.transformToString();

describe('the id that a client was given', () => {
  it('names the version at the connector from then on, which listings show by its own', async () => {
    const given = await upload('named', 'bytes');
    const versionId = await push('named', Buffer.from('bytes'));
    expect(await text('named')).toBe('bytes');
    expect(await text('named', given)).toBe('bytes');
    expect(await text('named', versionId)).toBe('bytes');
    const head = await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'named', VersionId: given }));
    expect(head.VersionId).toBe(versionId);
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: 'named' }));
    expect(Versions?.map(({ VersionId }) => VersionId)).toEqual([versionId]);
  });

  it('is good for tags, copies, markers and deletes', async () => {
    const given = await upload('used', 'bytes');
    const versionId = await push('used', Buffer.from('bytes'));
    const target = { Bucket: BUCKET, Key: 'used', VersionId: given };
    await s3.send(new PutObjectTaggingCommand({ ...target, Tagging: { TagSet: [{ Key: 'a', Value: '1' }] } }));
    expect((await operationOf('used')).what).toMatchObject({ kind: 'tag', versionId });
    const source = `${BUCKET}/used?versionId=${given}`;
    await s3.send(new CopyObjectCommand({ Bucket: BUCKET, Key: 'used-copy', CopySource: source }));
    expect(await text('used-copy')).toBe('bytes');
    const after = { Bucket: BUCKET, Prefix: 'used', KeyMarker: 'used', VersionIdMarker: given };
    const { Versions } = await s3.send(new ListObjectVersionsCommand(after));
    expect(Versions?.map(({ Key }) => Key)).toEqual(['used-copy']);
    await s3.send(new DeleteObjectCommand(target));
    await expect(text('used', versionId)).rejects.toMatchObject({ name: 'NoSuchVersion' });
    const last = await gateway.namespace.pendingOperations.findOne({ key: 'used', 'what.kind': 'deleteVersion' });
    expect(last?.what).toMatchObject({ versionId, target: 'version' });
  });
});

describe('a reader', () => {
  it('whose staged bytes are gone reads where they went', async () => {
    await upload('raced', 'bytes');
    const stale = await findLatest(gateway.namespace.versions('life-1'), 'raced');
    if (stale === null) throw new Error('it is not there');
    await push('raced', Buffer.from('bytes'));
    const read = async (id = stale._id): Promise<string> => {
      const { body } = await openVersion(call, sources, found({ ...stale, _id: id }), {});
      return (await body.toArray()).join('');
    };
    expect(await read()).toBe('bytes');
    await expect(read({ k: 'raced', v: 'gone' })).rejects.toMatchObject({ code: 'NoSuchKey' });
  });

  it('whose bytes are nowhere is told to come back', async () => {
    await upload('lost', 'bytes');
    const { what } = await operationOf('lost');
    const [part] = what.kind === 'put' ? what.content.parts : [];
    await rm(join(gateway.staging, part?.stagedId ?? ''));
    await expect(text('lost')).rejects.toMatchObject({ name: 'ServiceUnavailable' });
  });

  it('that was amid its parts gets the rest from the connector', async () => {
    const bytes = randomBytes(48 * 1024 * 1024);
    const target = { Bucket: BUCKET, Key: 'amid' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    const Parts = [];
    for (const PartNumber of [1, 2, 3]) {
      const Body = bytes.subarray(((PartNumber - 1) * bytes.length) / 3, (PartNumber * bytes.length) / 3);
      const { ETag } = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body }));
      Parts.push({ ETag, PartNumber });
    }
    await s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
    const signing = {
      endpoint: gateway.url,
      bucket: BUCKET,
      accessKeyId: WRITER.id,
      secretAccessKey: WRITER.secretAccessKey,
    };
    const download = await Download.begin(await presign(signing, 'amid'));
    await push('amid', bytes);
    expect(await download.finish()).toEqual({
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  });
});

/** What an operation of the gateway works with, by hand: a document that was read a while ago can't be had over S3. */
const call = { signal: new AbortController().signal } as Call;
const sources = {
  get namespace() {
    return gateway.namespace;
  },
  connectors: { lease: async () => ({ client: connector.s3, bucket: connector.bucket, release: () => {} }) },
  writing: {
    staging: {
      read: async () => {
        throw new PermanentError('gone', { code: 'STAGING.MISSING' });
      },
    },
  },
} as unknown as Sources;
const found = (document: FoundObject['document']): FoundObject => ({
  bucket: { mirrorId: 'life-1', bucket: BUCKET, location: 'ring' } as FoundObject['bucket'],
  document,
  missing: () => new S3Error('NoSuchKey'),
});
