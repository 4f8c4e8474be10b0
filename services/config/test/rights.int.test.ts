import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type RunningMinio, startMinio } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locationOn } from './connector-bucket.js';
import { startTestConfig, type TestConfig } from './running-config.js';

/**
 * MinIO asks this server for each request whether it may be: so a real connector denies exactly what a test denies, as it does
 * for a user with too narrow a policy.
 */
let policy: Server;
const denied = new Set<string>();
let minio: RunningMinio;
let folder: string;
let config: TestConfig;
let s3: S3Client;
const bucket = 'photos';

beforeAll(async () => {
  policy = createServer(async (request, response) => {
    const { input } = JSON.parse((await text(request)) || '{}');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ result: !denied.has(String(input?.action)) }));
  });
  await new Promise<void>((resolve) => policy.listen(0, '127.0.0.1', resolve));
  folder = await mkdtemp(join(tmpdir(), 'config-rights-'));
  const url = `http://127.0.0.1:${(policy.address() as AddressInfo).port}/`;
  minio = await startMinio({ dataDir: folder, env: { MINIO_POLICY_PLUGIN_URL: url } });
  s3 = new S3Client({
    endpoint: minio.endpoint,
    region: minio.region,
    credentials: { accessKeyId: minio.accessKeyId, secretAccessKey: minio.secretAccessKey },
    forcePathStyle: true,
  });
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const versioned = { Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } } as const;
  await s3.send(new PutBucketVersioningCommand(versioned));
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'an object', Body: 'content' }));
  config = await startTestConfig();
});
afterAll(async () => {
  denied.clear();
  s3.destroy();
  await config.stop();
  await minio.stop();
  policy.closeAllConnections();
  policy.close();
  await rm(folder, { recursive: true, force: true });
});

const add = () => {
  const { endpoint, region, accessKeyId: accessKey, secretAccessKey: secretKey } = minio;
  return config.call('POST', '/v1/locations', {
    body: locationOn(bucket, 'narrow', { endpoint, region, accessKey, secretKey }),
  });
};

describe('a right that the user at the connector lacks', () => {
  it.each([
    ['list', ['s3:ListBucketVersions', 's3:ListBucket']],
    ['read', ['s3:GetObject', 's3:GetObjectVersion']],
    ['write', ['s3:PutObject']],
    ['versioning', ['s3:GetBucketVersioning']],
  ])('fails the check of %s, and nothing is stored or left', async (name, actions) => {
    for (const action of actions) denied.add(action);
    const { body } = await add();
    denied.clear();
    expect(body).toMatchObject({ status: 422, code: 'LOCATION.PREREQUISITES' });
    expect(body.checks).toEqual([
      { name, ok: false, code: 'S3.ACCESS_DENIED', detail: expect.anything(), hint: expect.stringMatching(/\w/) },
    ]);
    expect(await config.database.db.collection('config.locations').countDocuments()).toBe(0);
    const { Versions = [], DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(Versions.map(({ Key }) => Key)).toEqual(['an object']);
    expect(DeleteMarkers).toBeUndefined();
    const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect(Uploads).toBeUndefined();
  });

  it('is said with all others that are lacking, in one answer', async () => {
    for (const action of ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject']) denied.add(action);
    const { body } = await add();
    denied.clear();
    expect(body.checks.map((check: { name: string }) => check.name)).toEqual(['read', 'write']);
    expect(body.detail).toMatch(/read: .*write: /);
  });

  it('is no longer lacking once it is given', async () => {
    expect((await add()).status).toBe(201);
  });
});
