import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES, route } from '../src/operations/router.js';
import { parseS3Request } from '../src/protocol/s3-request.js';
import type { ConfigKey } from './harness/config-server.js';
import { versionDocument } from './harness/fill-namespace.js';
import { READER, RunningGateway, WRITER } from './harness/running-gateway.js';
import { escapeUri, sdkSigner } from './harness/sdk-signer.js';

/** Every call that S3 has on buckets and objects here, tried with every kind of key. */

const BUCKET = 'guarded';
const OTHERS: ConfigKey = { id: 'OTHERSKEY', secretAccessKey: 'others', role: 'writer', buckets: ['another'] };
const OWN: ConfigKey = { id: 'OWNKEY', secretAccessKey: 'own', role: 'reader', buckets: [BUCKET] };

const gateway = new RunningGateway();
beforeAll(async () => {
  await gateway.start();
  for (const key of [OTHERS, OWN]) gateway.config.keys.set(key.id, key);
  await gateway.namespace.prepareMirror('life-1');
  await gateway.namespace.versions('life-1').insertOne(versionDocument('known', 'v1'));
  await gateway.setLocation('ring', 'http://127.0.0.1:9', 'target');
  await gateway.mirror(BUCKET, 'life-1', 'ring');
});
afterAll(() => gateway.stop());

type Signer = Pick<ConfigKey, 'id' | 'secretAccessKey'> | null;

/** '200', '403 AccessDenied'. A HEAD has no body, so its status alone. */
async function answer(method: string, path: string, query: Record<string, string>, signer: Signer): Promise<string> {
  const { host, hostname, protocol } = new URL(gateway.url);
  const payload = createHash('sha256').update('').digest('hex');
  const headers = { host, 'x-amz-content-sha256': payload };
  const request = { method, protocol, hostname, path, query, headers };
  const signed = signer ? await sdkSigner(signer.id, signer.secretAccessKey).sign(request) : request;
  const { host: _host, ...sent } = signed.headers;
  const response = await fetch(`${gateway.url}${path}?${inQuery(query)}`, { method, headers: sent });
  const code = /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1];
  return code === undefined ? String(response.status) : `${response.status} ${code}`;
}

const bucket = `/${BUCKET}`;
const object = `/${BUCKET}/known`;

const reading: readonly [name: string, method: string, path: string, query: Record<string, string>][] = [
  ['HeadBucket', 'HEAD', bucket, {}],
  ['GetBucketLocation', 'GET', bucket, { location: '' }],
  ['GetBucketVersioning', 'GET', bucket, { versioning: '' }],
  ['ListObjects', 'GET', bucket, {}],
  ['ListObjectsV2', 'GET', bucket, { 'list-type': '2' }],
  ['ListObjectVersions', 'GET', bucket, { versions: '' }],
  ['ListMultipartUploads', 'GET', bucket, { uploads: '' }],
  ['HeadObject', 'HEAD', object, {}],
  ['GetObject', 'GET', object, {}],
  ['GetObject of a version', 'GET', object, { versionId: 'v1' }],
  ['GetObjectTagging', 'GET', object, { tagging: '' }],
  ['ListParts', 'GET', object, { uploadId: 'u' }],
];
const writing: readonly [name: string, method: string, path: string, query: Record<string, string>][] = [
  ['CreateBucket', 'PUT', bucket, {}],
  ['PutBucketVersioning', 'PUT', bucket, { versioning: '' }],
  ['DeleteObjects', 'POST', bucket, { delete: '' }],
  ['PutObject', 'PUT', object, {}],
  ['PutObjectTagging', 'PUT', object, { tagging: '' }],
  ['DeleteObject', 'DELETE', object, { versionId: 'other' }],
  ['DeleteObjectTagging', 'DELETE', object, { tagging: '' }],
  ['CreateMultipartUpload', 'POST', object, { uploads: '' }],
  ['UploadPart', 'PUT', object, { partNumber: '1', uploadId: 'u' }],
  ['CompleteMultipartUpload', 'POST', object, { uploadId: 'u' }],
  ['AbortMultipartUpload', 'DELETE', object, { uploadId: 'u' }],
  ['DeleteBucket', 'DELETE', '/another-bucket', {}],
];

const expected = (method: string, status: number, code: string): string =>
  method === 'HEAD' ? String(status) : `${status} ${code}`;
const DENIED = /^40[13]/;

const inQuery = (query: Record<string, string>): string =>
  Object.entries(query)
    .map(([name, value]) => `${escapeUri(name)}=${escapeUri(value)}`)
    .join('&');

it('every operation of the router is tried here, as the operation that it is', () => {
  const tried = [...reading, ...writing, ['ListBuckets', 'GET', '/', {}] as const].map(([, method, path, query]) => {
    try {
      return route({ request: parseS3Request(method, `${path}?${inQuery(query)}`, []), caller: WRITER }).name;
    } catch {
      return 'NotImplemented';
    }
  });
  expect(
    Object.values(ROUTES)
      .map(({ name }) => name)
      .filter((name) => !tried.includes(name)),
  ).toEqual([]);
});

describe('no key but a valid one', () => {
  it.each([...reading, ...writing])('opens %s', async (_name, method, path, query) => {
    const denied = expected(method, 403, 'AccessDenied');
    expect(await answer(method, path, query, null)).toBe(denied);
    const unknown = { id: 'NOBODY', secretAccessKey: 'secret' };
    expect(await answer(method, path, query, unknown)).toBe(expected(method, 403, 'InvalidAccessKeyId'));
    const wrong = { id: WRITER.id, secretAccessKey: 'wrong' };
    expect(await answer(method, path, query, wrong)).toBe(expected(method, 403, 'SignatureDoesNotMatch'));
    expect(await answer(method, path, query, OTHERS)).toBe(denied);
  });
});

describe('a reader’s key', () => {
  it.each(reading)('opens %s', async (_name, method, path, query) => {
    for (const key of [READER, OWN, WRITER]) expect(await answer(method, path, query, key), key.id).not.toMatch(DENIED);
  });

  it.each(writing)('does not open %s, a writer’s does', async (_name, method, path, query) => {
    expect(await answer(method, path, query, READER)).toBe('403 AccessDenied');
    expect(await answer(method, path, query, OWN)).toBe('403 AccessDenied');
    expect(await answer(method, path, query, WRITER)).not.toMatch(DENIED);
  });
});

it('ListBuckets needs a key, and shows what the key is for', async () => {
  expect(await answer('GET', '/', {}, null)).toMatch(/^403 AccessDenied/);
  expect(await answer('GET', '/', {}, { id: 'NOBODY', secretAccessKey: 'secret' })).toBe('403 InvalidAccessKeyId');
  for (const key of [READER, OWN, OTHERS, WRITER]) expect(await answer('GET', '/', {}, key)).toBe('200');
});
