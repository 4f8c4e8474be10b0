import { describe, expect, it } from 'vitest';
import { S3Error } from './errors.js';
import { parseS3Request, queryValue } from './s3-request.js';
import { urlEncode } from './uri.js';

const parse = (target: string) => parseS3Request('GET', target, []);

describe('a path', () => {
  it.each([
    ['/', '', ''],
    ['/b', 'b', ''],
    ['/b/', 'b', ''],
    ['/b//double', 'b', '/double'],
    ['/b/a/../c/./d', 'b', 'a/../c/./d'],
    ['/b/a+b%2Bc%20d', 'b', 'a+b+c d'],
    ['/b/%25%2F%2f', 'b', '%//'],
    ['/b/%C3%A9%F0%9F%98%80', 'b', 'é😀'],
    ['/b/e%CC%81', 'b', 'e\u0301'],
    ['/b/%EF%BB%BFbom', 'b', '\ufeffbom'],
    ['/b/caf\u00c3\u00a9', 'b', 'café'],
  ])('%s is of %j and %j', (target, bucket, key) => {
    expect(parse(target)).toMatchObject({ bucket, key });
  });

  it.each(['/b/%', '/b/%z1', '/b/%2', '/b/%ff', '/b?a=%ff', '/b?%=1', '*', 'http://x/b'])('%s is none', (target) => {
    expect(() => parse(target)).toThrow(S3Error);
    expect(() => parse(target)).toThrow("Couldn't parse the specified URI.");
  });

  it('has a key of at most 1,024 bytes', () => {
    expect(parse(`/b/${'%C3%A9'.repeat(512)}`).key).toHaveLength(512);
    expect(() => parse(`/b/${'%C3%A9'.repeat(512)}x`)).toThrow('Your key is too long');
  });
});

it('a query keeps order, repetitions and empty values', () => {
  const request = parse('/b?z=1&a&z=2&e=&p=a+b%2Bc=d&&');
  expect(request.query).toEqual([
    ['z', '1'],
    ['a', ''],
    ['z', '2'],
    ['e', ''],
    ['p', 'a b+c=d'],
  ]);
  expect(queryValue(request, 'z')).toBe('1');
  expect(queryValue(request, 'y')).toBeUndefined();
});

it('repeated headers are kept apart', () => {
  const { headers } = parseS3Request('GET', '/', ['X-A', '1', 'x-b', '', 'x-a', '2']);
  expect([...headers]).toEqual([
    ['x-a', ['1', '2']],
    ['x-b', ['']],
  ]);
});

it('urlEncode is read right by decoders that know + and by those that do not', () => {
  expect(urlEncode('a b+c/é%*~')).toBe('a%20b%2Bc/%C3%A9%25%2A~');
});
