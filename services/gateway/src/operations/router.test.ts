import type { AccessKey } from '@mirror/config-client';
import { describe, expect, it } from 'vitest';
import { S3Error } from '../protocol/errors.js';
import { parseS3Request } from '../protocol/s3-request.js';
import { route } from './router.js';

const key = (role: AccessKey['role'], buckets: AccessKey['buckets'] = '*'): AccessKey => ({
  id: 'K',
  secretAccessKey: 's',
  role,
  buckets,
});

function routed(line: string, caller = key('writer'), headers: string[] = []): string {
  const [method = '', target = ''] = line.split(' ');
  try {
    return route({ request: parseS3Request(method, target, headers), caller }).name;
  } catch (error) {
    return error instanceof S3Error ? `${error.status} ${error.code}` : String(error);
  }
}

describe('what is served', () => {
  it.each([
    ['GET /', 'ListBuckets'],
    ['GET /?x-id=ListBuckets', 'ListBuckets'],
    ['HEAD /b', 'HeadBucket'],
    ['GET /b', 'ListObjects'],
    ['GET /b/', 'ListObjects'],
    ['GET /b?prefix=&delimiter=&marker=&max-keys=&encoding-type=', 'ListObjects'],
    ['GET /b?list-type=2&continuation-token=&fetch-owner=', 'ListObjectsV2'],
    ['GET /b?versions', 'ListObjectVersions'],
    ['GET /b?versions=&prefix=a&key-marker=', 'ListObjectVersions'],
    ['GET /b?location', 'GetBucketLocation'],
    ['GET /b?location=', 'GetBucketLocation'],
    ['GET /b?versioning', 'GetBucketVersioning'],
    ['HEAD /b/k', 'HeadObject'],
    ['GET /b/k', 'GetObject'],
    ['GET /b/k?versionId=v&partNumber=1&response-expires=&x-id=GetObject', 'GetObject'],
    ['GET /b/k?unknown=1', 'GetObject'],
    ['GET /b/k?tagging&versionId=v', 'GetObjectTagging'],
    ['PUT /b', 'CreateBucket'],
    ['DELETE /b', 'DeleteBucket'],
    ['PUT /b?versioning', 'PutBucketVersioning'],
    ['POST /b?delete=', 'DeleteObjects'],
    ['GET /b?uploads&max-uploads=&upload-id-marker=', 'ListMultipartUploads'],
    ['PUT /b/k?x-id=PutObject', 'PutObject'],
    ['DELETE /b/k?versionId=v', 'DeleteObject'],
    ['PUT /b/k?tagging', 'PutObjectTagging'],
    ['DELETE /b/k?tagging', 'DeleteObjectTagging'],
    ['POST /b/k?uploads', 'CreateMultipartUpload'],
    ['PUT /b/k?partNumber=1&uploadId=u', 'UploadPart'],
    ['GET /b/k?uploadId=u&max-parts=&part-number-marker=', 'ListParts'],
    ['POST /b/k?uploadId=u', 'CompleteMultipartUpload'],
    ['DELETE /b/k?uploadId=u', 'AbortMultipartUpload'],
    ['GET /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Security-Token=', 'GetObject'],
  ])('%s is %s', (line, name) => {
    expect(routed(line)).toBe(name);
  });
});

it('a copy is told by its header', () => {
  const copy = ['x-amz-copy-source', '/b/k'];
  expect(routed('PUT /b/new', key('writer'), copy)).toBe('CopyObject');
  expect(routed('PUT /b/new?uploadId=u&partNumber=1', key('writer'), copy)).toBe('UploadPartCopy');
  expect(routed('PUT /b/new?tagging', key('writer'), copy)).toBe('501 NotImplemented');
});

describe('what is not', () => {
  const ofBuckets =
    'acl policy cors lifecycle tagging website replication encryption logging object-lock publicAccessBlock invented';
  it.each(ofBuckets.split(' '))('?%s of a bucket', (subresource) => {
    expect(routed(`GET /b?${subresource}`)).toBe('501 NotImplemented');
  });

  it.each('acl retention legal-hold torrent attributes invented'.split(' '))('?%s of an object', (subresource) => {
    expect(routed(`GET /b/k?${subresource}`)).toBe('501 NotImplemented');
  });

  it.each([
    ['GET /b?analytics&id=1', '501 NotImplemented'],
    ['GET /b?location&versioning', '501 NotImplemented'],
    ['HEAD /b/k?tagging', '501 NotImplemented'],
    ['PUT /b/k?acl', '501 NotImplemented'],
    ['POST /b/k?restore', '501 NotImplemented'],
    ['POST /b/k', '501 NotImplemented'],
    ['PUT /b?tagging', '501 NotImplemented'],
    ['PUT /', '405 MethodNotAllowed'],
    ['DELETE /', '405 MethodNotAllowed'],
    ['PATCH /b/k', '405 MethodNotAllowed'],
  ])('%s answers %s', (line, expected) => {
    expect(routed(line)).toBe(expected);
  });

  it('an object under the client own key can not be read', () => {
    const header = ['x-amz-server-side-encryption-customer-algorithm', 'AES256'];
    expect(routed('GET /b/k', key('writer'), header)).toBe('501 NotImplemented');
  });
});

describe('who may', () => {
  it.each([
    ['GET /b', key('reader'), 'ListObjects'],
    ['GET /b', key('reader', ['b']), 'ListObjects'],
    ['GET /b', key('reader', ['other']), '403 AccessDenied'],
    ['GET /b/k', key('writer', []), '403 AccessDenied'],
    ['GET /', key('reader', []), 'ListBuckets'],
    ['PUT /b/k', key('reader'), '403 AccessDenied'],
    ['DELETE /b/k', key('reader'), '403 AccessDenied'],
    ['POST /b?delete', key('reader', ['b']), '403 AccessDenied'],
    ['PUT /b/k', key('writer', ['other']), '403 AccessDenied'],
  ])('%s by %j: %s', (line, caller, expected) => {
    expect(routed(line, caller)).toBe(expected);
  });
});
