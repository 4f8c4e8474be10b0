import { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { canonicalQuery, GetSigner } from '../src/sign-get.js';

const identity = { region: 'eu-west-3', accessKeyId: 'AKEXAMPLE', secretAccessKey: 'a/secret+of=some length' };
const { accessKeyId, secretAccessKey, region } = identity;
const sdk = new S3Client({ region, credentials: { accessKeyId, secretAccessKey } });
afterAll(() => sdk.destroy());

const host = 'connector.example:8000';
const text = fc.string({ unit: 'binary', maxLength: 20 });
const query = fc.record({ 'key-marker': text, prefix: text, 'version-id-marker': text, versions: fc.constant('') });
const instant = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });

describe('the signature of a listing', () => {
  it('is the one that the AWS SDK gives, on every day and for every query', async () => {
    const signer = new GetSigner(identity, host);
    await fc.assert(
      fc.asyncProperty(query, instant, async (asked, at) => {
        const own = signer.sign('/base/bucket', canonicalQuery(asked), at);
        expect(own[own.indexOf('Authorization') + 1]).toBe(await authorizationBySdk(asked, own, at));
      }),
      { numRuns: 300 },
    );
  });
});

async function authorizationBySdk(query: Record<string, string>, own: readonly string[], at: Date) {
  const scheme = { schemeId: 'aws.auth#sigv4', signingProperties: {}, name: 'sigv4', signingName: 's3' };
  const signer = await sdk.config.signer({ ...scheme, signingRegion: region, properties: {} } as never);
  const headers = { host, 'x-amz-content-sha256': own[own.indexOf('X-Amz-Content-Sha256') + 1] };
  const request = {
    method: 'GET',
    protocol: 'http:',
    hostname: 'connector.example',
    path: '/base/bucket',
    query,
    headers,
  };
  const signed = (await signer.sign(request as never, { signingDate: at })) as { headers: Record<string, string> };
  return signed.headers.authorization;
}
