import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCount, readListParameters, readToken, readVersionId, toToken } from './list-parameters.js';
import { parseS3Request } from './s3-request.js';

const request = (query: string) => parseS3Request('GET', `/b?${query}`, []);

describe('max-keys', () => {
  it.each([
    ['', 1_000],
    ['max-keys=', 1_000],
    ['max-keys=7', 7],
    ['max-keys=0', 0],
    ['max-keys=1001', 1_000],
    ['max-keys=2147483647', 1_000],
  ])('%s is %i', (query, maxKeys) => {
    expect(readListParameters(request(query)).maxKeys).toBe(maxKeys);
  });

  it.each(['abc', '-1', '1.5', '1e3', '2147483648', '99999999999', '%201'])('%s is refused', (value) => {
    expect(() => readListParameters(request(`max-keys=${value}`))).toThrow('not an integer or within integer range');
  });

  it('max-buckets begins at 1', () => {
    expect(() => readCount(request('max-buckets=0'), 'max-buckets', 1, 10)).toThrow('integer range');
  });
});

it('encoding-type is url or nothing', () => {
  expect(readListParameters(request('encoding-type=url')).encode('a b')).toBe('a%20b');
  expect(readListParameters(request('')).encode('a b')).toBe('a b');
  expect(() => readListParameters(request('encoding-type=x'))).toThrow('Invalid Encoding Method');
});

describe('a continuation token', () => {
  it('leads back to any name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(readToken(request(`continuation-token=${toToken(name)}`))).toBe(name);
      }),
    );
  });

  it.each(['', 'abc', 'a%20b', 'AAAAAAAAAAAA', `${toToken('k')}A`, `${toToken('k')}=`])('%j is none', (token) => {
    expect(() => readToken(request(`continuation-token=${token}`))).toThrow(
      'The continuation token provided is incorrect',
    );
  });
});

it('version ids are opaque, within reason', () => {
  for (const id of ['null', '39383230343633', 'a-b_c.d', 'f47ac10b-58cc-4372-a567-0e02b2c3d479']) {
    expect(readVersionId(request(`versionId=${id}`), 'versionId')).toBe(id);
  }
  for (const id of ['', 'a%20b', 'a%00', 'é', 'x'.repeat(1_025)]) {
    expect(() => readVersionId(request(`versionId=${encodeURI(id).replaceAll('%25', '%')}`), 'versionId')).toThrow(
      'Invalid version id',
    );
  }
  expect(readVersionId(request('version-id-marker='), 'version-id-marker')).toBeUndefined();
});
