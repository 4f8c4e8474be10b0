import type { VersionDocument } from '@mirror/namespace';
import { Timestamp } from 'mongodb';
import { expect, it } from 'vitest';
import { describedHeaders, readOverrides, relayedHeaders } from './object-headers.js';
import { parseS3Request } from './s3-request.js';

const document: VersionDocument = {
  _id: { k: 'k', v: 'v1' },
  live: true,
  kind: 'version',
  place: 0,
  size: 10,
  etag: 'abc',
  lastModified: new Date('2026-05-24T12:00:00.900Z'),
  storageClass: 'GLACIER',
  listedAt: new Timestamp({ t: 1, i: 1 }),
  description: null,
  describedAt: null,
};

it('a described version has every header that its content was stored with', () => {
  const description = {
    contentType: null,
    headers: [['cache-control', 'no-store']],
    metadata: [
      ['colour', 'caf\u00c3\u00a9'],
      ['wide', '\u4e16'],
      ['no name', 'x'],
    ],
    tags: [['team', 'a']],
  } as const;
  expect(describedHeaders(document, description, { first: 2, last: 4 })).toEqual({
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    'content-length': '3',
    'content-range': 'bytes 2-4/10',
    'content-type': 'binary/octet-stream',
    etag: '"abc"',
    'last-modified': 'Sun, 24 May 2026 12:00:00 GMT',
    'x-amz-meta-colour': 'caf\u00c3\u00a9',
    'x-amz-meta-wide': '=?UTF-8?B?5LiW?=',
    'x-amz-storage-class': 'GLACIER',
    'x-amz-version-id': 'v1',
  });
});

it('of the connector only what is about the object is passed on', () => {
  const answered = { server: 'S', connection: 'close', 'x-amz-id-2': '1', 'content-type': 'a/b', 'x-amz-meta-a': 'b' };
  expect(relayedHeaders(document, { ...answered, 'x-amz-version-id': 'other' })).toEqual({
    'accept-ranges': 'bytes',
    'content-type': 'a/b',
    'x-amz-meta-a': 'b',
    'x-amz-version-id': 'v1',
  });
});

it('wished headers can not break out of their line', () => {
  const request = (query: string) => parseS3Request('GET', `/b/k?${query}`, []);
  expect(readOverrides(request('response-content-type=a%2Fb&response-expires=never'))).toEqual({
    'content-type': 'a/b',
    expires: 'never',
  });
  expect(() => readOverrides(request('response-content-type=a%0D%0Ab'))).toThrow('can not be a header');
});
