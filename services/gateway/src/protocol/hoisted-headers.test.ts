import { expect, it } from 'vitest';
import { withHoistedHeaders } from './hoisted-headers.js';
import { parseS3Request } from './s3-request.js';

const headersOf = (query: string, headers: string[] = []) =>
  Object.fromEntries(withHoistedHeaders(parseS3Request('PUT', `/b/k?${query}`, headers)).headers);

it('headers of a presigned URL are headers, unless they were sent', () => {
  const query = 'X-Amz-Algorithm=A&X-Amz-Signature=s&X-Amz-Date=d&x-amz-meta-a=1&x-amz-meta-b=2&x-amz-tagging=t%3D1';
  expect(headersOf(query, ['X-Amz-Meta-B', 'sent'])).toEqual({
    'x-amz-meta-a': ['1'],
    'x-amz-meta-b': ['sent'],
    'x-amz-tagging': ['t=1'],
  });
});

it('a checksum of a body that the presigner did not have is none', () => {
  expect(headersOf('X-Amz-Algorithm=A&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32')).toEqual(
    {},
  );
});

it('of any other URL nothing is a header', () => {
  expect(headersOf('x-amz-meta-a=1')).toEqual({});
});
