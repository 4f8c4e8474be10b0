import { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { canonicalKey, canonicalQuery, RequestSigner, type UnsignedRequest } from '../src/sign-request.js';

const identity = { region: 'eu-west-3', accessKeyId: 'AKEXAMPLE', secretAccessKey: 'a/secret+of=some length' };
const { accessKeyId, secretAccessKey, region } = identity;
const sdk = new S3Client({ region, credentials: { accessKeyId, secretAccessKey } });
afterAll(() => sdk.destroy());

const host = 'connector.example:8000';
const text = fc.string({ unit: 'binary', maxLength: 20 });
const query = fc.record({ 'key-marker': text, prefix: text, 'version-id-marker': text, versions: fc.constant('') });
const instant = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });

const key = text.filter((one) => one !== '');
const printable = fc.string({ maxLength: 20 }).filter((one) => one.trim() !== '');
const headers = fc.record({
  'cache-control': printable,
  'content-md5': printable,
  'x-amz-meta-some': printable,
  'x-amz-tagging': printable,
});
const authorizationOf = (signed: readonly string[]) => signed[signed.indexOf('authorization') + 1];
const signer = new RequestSigner(identity, host);

describe('the signature is the one that the AWS SDK gives, on every day', () => {
  it('of a listing, for every query', async () => {
    const listing = fc.asyncProperty(query, instant, async (asked, at) => {
      const path = '/base/bucket';
      const request = { method: 'GET', path, query: canonicalQuery(asked), isBodyEmpty: true } as const;
      const own = signer.sign(request, at);
      expect(authorizationOf(own)).toBe(await authorizationBySdk(request, asked, own, at));
    });
    await fc.assert(listing, { numRuns: 300 });
  });

  it('of a put, for every key and every header', async () => {
    const put = fc.asyncProperty(key, headers, instant, async (name, given, at) => {
      const path = `/base/bucket/${canonicalKey(name)}`;
      const request = { method: 'PUT', path, query: '', headers: given, isBodyEmpty: false } as const;
      const own = signer.sign(request, at);
      expect(authorizationOf(own)).toBe(await authorizationBySdk(request, {}, own, at));
    });
    await fc.assert(put, { numRuns: 300 });
  });
});

async function authorizationBySdk(
  { method, path, headers: given }: UnsignedRequest,
  query: Record<string, string>,
  own: readonly string[],
  at: Date,
) {
  const scheme = { schemeId: 'aws.auth#sigv4', signingProperties: {}, name: 'sigv4', signingName: 's3' };
  const sdkSigner = await sdk.config.signer({ ...scheme, signingRegion: region, properties: {} } as never);
  const headers = { ...given, host, 'x-amz-content-sha256': own[own.indexOf('x-amz-content-sha256') + 1] };
  const request = { method, protocol: 'http:', hostname: 'connector.example', path, query, headers };
  const signed = (await sdkSigner.sign(request as never, { signingDate: at })) as { headers: Record<string, string> };
  return signed.headers.authorization;
}
