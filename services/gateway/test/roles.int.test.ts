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
async function answer(
  method: string,
  path: string,
  query: Record<string, string>,
  signer: Signer,
  more: Record<string, string> = {},
): Promise<string> {
  const { host, hostname, protocol } = new URL(gateway.url);
  const payload = createHash('sha256').update('').digest('hex');
  const headers = { host, 'x-amz-content-sha256': payload, ...more };
  const request = { method, protocol, hostname, path, query, headers };
  const signed = signer ? await sdkSigner(signer.id, signer.secretAccessKey).sign(request) : request;
  const { host: _host, ...sent } = signed.headers;
  const response = await fetch(`${gateway.url}${path}?${inQuery(query)}`, { method, headers: sent });
  const code = /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1];
  return code === undefined ? String(response.status) : `${response.status} ${code}`;
}

const bucket = `/${BUCKET}`;
const object = `/${BUCKET}/known`;

const COPY = { 'x-amz-copy-source': `/${BUCKET}/known` };

type Attempt = readonly [
  name: string,
  method: string,
  path: string,
  query: Record<string, string>,
  headers: Record<string, string>,
];

const LIST_BUCKETS: Attempt = ['ListBuckets', 'GET', '/', {}, {}];
const reading: readonly Attempt[] = [
  ['HeadBucket', 'HEAD', bucket, {}, {}],
  ['GetBucketLocation', 'GET', bucket, { location: '' }, {}],
  ['GetBucketVersioning', 'GET', bucket, { versioning: '' }, {}],
  ['ListObjects', 'GET', bucket, {}, {}],
  ['ListObjectsV2', 'GET', bucket, { 'list-type': '2' }, {}],
  ['ListObjectVersions', 'GET', bucket, { versions: '' }, {}],
  ['ListMultipartUploads', 'GET', bucket, { uploads: '' }, {}],
  ['HeadObject', 'HEAD', object, {}, {}],
  ['GetObject', 'GET', object, {}, {}],
  ['GetObject of a version', 'GET', object, { versionId: 'v1' }, {}],
  ['GetObjectTagging', 'GET', object, { tagging: '' }, {}],
  ['ListParts', 'GET', object, { uploadId: 'u' }, {}],
];
const writing: readonly Attempt[] = [
  ['CreateBucket', 'PUT', bucket, {}, {}],
  ['PutBucketVersioning', 'PUT', bucket, { versioning: '' }, {}],
  ['DeleteObjects', 'POST', bucket, { delete: '' }, {}],
  ['PutObject', 'PUT', object, {}, {}],
  ['CopyObject', 'PUT', object, {}, COPY],
  ['PutObjectTagging', 'PUT', object, { tagging: '' }, {}],
  ['DeleteObject', 'DELETE', object, { versionId: 'other' }, {}],
  ['DeleteObjectTagging', 'DELETE', object, { tagging: '' }, {}],
  ['CreateMultipartUpload', 'POST', object, { uploads: '' }, {}],
  ['UploadPart', 'PUT', object, { partNumber: '1', uploadId: 'u' }, {}],
  ['UploadPartCopy', 'PUT', object, { partNumber: '1', uploadId: 'u' }, COPY],
  ['CompleteMultipartUpload', 'POST', object, { uploadId: 'u' }, {}],
  ['AbortMultipartUpload', 'DELETE', object, { uploadId: 'u' }, {}],
  ['DeleteBucket', 'DELETE', '/another-bucket', {}, {}],
];

const expected = (method: string, status: number, code: string): string =>
  method === 'HEAD' ? String(status) : `${status} ${code}`;
const DENIED = /^40[13]/;

const inQuery = (query: Record<string, string>): string =>
  Object.entries(query)
    .map(([name, value]) => `${escapeUri(name)}=${escapeUri(value)}`)
    .join('&');

it('every operation of the router is tried here, as the operation that it is', () => {
  const tried = [...reading, ...writing, LIST_BUCKETS].map(([, method, path, query, more]) => {
    try {
      return route({
        request: parseS3Request(method, `${path}?${inQuery(query)}`, Object.entries(more).flat()),
        caller: WRITER,
      }).name;
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
  it.each([...reading, ...writing])('opens %s', async (_name, method, path, query, more) => {
    const denied = expected(method, 403, 'AccessDenied');
    expect(await answer(method, path, query, null, more)).toBe(denied);
    const unknown = { id: 'NOBODY', secretAccessKey: 'secret' };
    expect(await answer(method, path, query, unknown, more)).toBe(expected(method, 403, 'InvalidAccessKeyId'));
    const wrong = { id: WRITER.id, secretAccessKey: 'wrong' };
    expect(await answer(method, path, query, wrong, more)).toBe(expected(method, 403, 'SignatureDoesNotMatch'));
    expect(await answer(method, path, query, OTHERS, more)).toBe(denied);
  });
});

describe('a reader’s key', () => {
  it.each(reading)('opens %s', async (_name, method, path, query, more) => {
    for (const key of [READER, OWN, WRITER])
      expect(await answer(method, path, query, key, more), key.id).not.toMatch(DENIED);
  });

  it.each(writing)('does not open %s, a writer’s does', async (_name, method, path, query, more) => {
    expect(await answer(method, path, query, READER, more)).toBe('403 AccessDenied');
    expect(await answer(method, path, query, OWN, more)).toBe('403 AccessDenied');
    expect(await answer(method, path, query, WRITER, more)).not.toMatch(DENIED);
  });
});

it('ListBuckets needs a key, and shows what the key is for', async () => {
  expect(await answer('GET', '/', {}, null)).toMatch(/^403 AccessDenied/);
  expect(await answer('GET', '/', {}, { id: 'NOBODY', secretAccessKey: 'secret' })).toBe('403 InvalidAccessKeyId');
  for (const key of [READER, OWN, OTHERS, WRITER]) expect(await answer('GET', '/', {}, key)).toBe('200');
});

it('a key of another bucket copies nothing out of this one', async () => {
  await gateway.setLocation('other-ring', 'http://127.0.0.1:9', 'another');
  await gateway.mirror('another', 'life-2', 'other-ring');
  expect(await answer('PUT', '/another/copy', {}, OTHERS, COPY)).toBe('403 AccessDenied');
  const missing = { 'x-amz-copy-source': '/another/missing' };
  expect(await answer('PUT', '/another/copy', {}, OTHERS, missing)).toBe('404 NoSuchKey');
});
