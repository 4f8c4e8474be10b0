import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeUri, sdkSigner } from '../../test/harness/sdk-signer.js';
import { parseS3Request, type S3Request } from './s3-request.js';
import { readClaim } from './signature-claim.js';
import { canonicalPaths, isSameSignature, sign } from './sigv4.js';

const NOW = new Date('2013-05-24T00:00:00Z');
const EMPTY = createHash('sha256').digest('hex');

/** By what the request itself claims, as the gateway does it. */
function signaturesOf(request: S3Request, secret: string): string[] {
  const claim = readClaim(request, NOW);
  return canonicalPaths(request).map((path) => sign(request, path, claim, secret).signature);
}

const claimed = (request: S3Request): string => readClaim(request, NOW).signature;

describe("the examples of AWS's documentation", () => {
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const credential = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request';
  const host = 'examplebucket.s3.amazonaws.com';
  const request = (method: string, target: string, signature: string, headers: Record<string, string>) => {
    const all: Record<string, string> = { host, 'x-amz-date': '20130524T000000Z', ...headers };
    all['x-amz-content-sha256'] ??= EMPTY;
    const signed = Object.keys(all).map((name) => name.toLowerCase());
    all.authorization = `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${signed.sort().join(';')},Signature=${signature}`;
    return parseS3Request(method, target, Object.entries(all).flat());
  };

  it.each([
    ['GET', '/test.txt', 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41', { Range: 'bytes=0-9' }],
    [
      'PUT',
      '/test$file.text',
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      {
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      },
    ],
    ['GET', '/?lifecycle', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543', {}],
    ['GET', '/?max-keys=2&prefix=J', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7', {}],
  ] as const)('%s %s has the signature %s', (method, target, signature, headers) => {
    expect(signaturesOf(request(method, target, signature, headers), secret)).toContain(signature);
  });

  it('and the presigned one', () => {
    const signature = 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
    const query = new URLSearchParams({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': credential,
      'X-Amz-Date': '20130524T000000Z',
      'X-Amz-Expires': '86400',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': signature,
    });
    expect(signaturesOf(parseS3Request('GET', `/test.txt?${query}`, ['Host', host]), secret)).toEqual([signature]);
  });
});

const secretAccessKey = 'a-secret';
const sdk = sdkSigner('KEY', secretAccessKey);

const unit = fc.oneof(
  fc.constantFrom(
    '/',
    '..',
    '.',
    '+',
    '%',
    '%2F',
    ' ',
    '//',
    '~',
    '!',
    "'",
    '(',
    ')',
    '*',
    '&',
    '=',
    '?',
    '#',
    '\u0001',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
);
const odd = fc.array(unit, { minLength: 1, maxLength: 8 }).map((units) => units.join(''));
const query = fc.dictionary(odd, odd, { maxKeys: 3, noNullPrototype: true });

describe("the SDK's own signer agrees", () => {
  const path = (key: string) => `/bucket/${key.split('/').map(escapeUri).join('/')}`;
  const asked = (key: string, parameters: Record<string, string>) => ({
    method: 'GET',
    protocol: 'http:',
    hostname: 'gateway',
    path: path(key),
    query: parameters,
    headers: { host: 'gateway', 'x-amz-meta-odd': '  two   spaces ' } as Record<string, string>,
  });
  type Signed = { path: string; query?: Record<string, unknown>; headers: Record<string, string> };
  const received = ({ path: rawPath, query: parameters = {}, headers }: Signed) => {
    const pairs = Object.entries(parameters).map(([name, value]) => `${escapeUri(name)}=${escapeUri(String(value))}`);
    const target = pairs.length === 0 ? rawPath : `${rawPath}?${pairs.join('&')}`;
    return parseS3Request('GET', target, Object.entries(headers).flat());
  };

  it('on any key and query, in headers', async () => {
    await fc.assert(
      fc.asyncProperty(odd, query, async (key, parameters) => {
        const request = received((await sdk.sign(asked(key, parameters), { signingDate: NOW })) as Signed);
        expect(request.key).toBe(key);
        expect(signaturesOf(request, secretAccessKey)).toContain(claimed(request));
      }),
    );
  });

  it('on any key and query, presigned', async () => {
    await fc.assert(
      fc.asyncProperty(odd, query, async (key, parameters) => {
        const plain = asked(key, parameters);
        plain.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'; // what S3's presigner says; it moves to the query
        const request = received((await sdk.presign(plain, { signingDate: NOW })) as Signed);
        expect(signaturesOf(request, secretAccessKey)).toContain(claimed(request));
      }),
    );
  });

  it('and on no other secret, key or method', async () => {
    const signed = (await sdk.sign(asked('key', {}), { signingDate: NOW })) as Signed;
    const signature = claimed(received(signed));
    expect(signaturesOf(received(signed), 'another')).not.toContain(signature);
    expect(signaturesOf(received({ ...signed, path: '/bucket/kez' }), secretAccessKey)).not.toContain(signature);
    expect(signaturesOf({ ...received(signed), method: 'PUT' }, secretAccessKey)).not.toContain(signature);
  });
});

it('a path signed just as it was sent is right, too', () => {
  const request = parseS3Request('GET', '/bucket/a%2Fb(c)', ['Host', 'h']);
  expect(canonicalPaths(request)).toEqual(['/bucket/a/b%28c%29', '/bucket/a%2Fb(c)']);
});

it('signatures of another length are no match', () => {
  expect(isSameSignature('ab', 'ab')).toBe(true);
  expect(isSameSignature('ab', 'abc')).toBe(false);
  expect(isSameSignature('', 'ab')).toBe(false);
});
