import { describe, expect, it } from 'vitest';
import { S3Error } from './errors.js';
import { parseS3Request } from './s3-request.js';
import { readClaim } from './signature-claim.js';

const NOW = new Date('2026-05-24T12:00:00Z');
const HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const SIGNED = 'host;x-amz-content-sha256;x-amz-date';
const authorization = (credential = 'KEY/20260524/us-east-1/s3/aws4_request', signed = SIGNED) =>
  `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signed}, Signature=abc`;

const HEADERS = {
  host: 'h',
  'x-amz-date': '20260524T120000Z',
  'x-amz-content-sha256': HASH,
  authorization: authorization(),
};
type Headers = Record<string, string | undefined>;

function read(headers: Headers, target = '/b/k') {
  const present = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  return readClaim(parseS3Request('GET', target, present), NOW);
}

function refusal(headers: Headers, target?: string): string {
  try {
    read(headers, target);
    return 'none';
  } catch (error) {
    return error instanceof S3Error ? `${error.status} ${error.code}` : String(error);
  }
}

describe('an authorization header', () => {
  it('is read', () => {
    expect(read(HEADERS)).toEqual({
      accessKeyId: 'KEY',
      credential: { date: '20260524', region: 'us-east-1', service: 's3' },
      timestamp: '20260524T120000Z',
      signedHeaders: SIGNED.split(';'),
      signature: 'abc',
      payloadHash: HASH,
    });
  });

  it('may be made for any region, and dated by Date', () => {
    const credential = 'KEY/20260524/ring-paris:ingest/s3/aws4_request';
    expect(read({ ...HEADERS, authorization: authorization(credential) }).credential.region).toBe('ring-paris:ingest');
    const date = 'Sun, 24 May 2026 12:01:00 GMT';
    expect(read({ ...HEADERS, 'x-amz-date': undefined, date }).timestamp).toBe('20260524T120100Z');
  });

  it.each<[string, Headers, string]>([
    ['none', { authorization: undefined }, '403 AccessDenied'],
    ['version 2', { authorization: 'AWS KEY:sig' }, '400 InvalidRequest'],
    ['of another kind', { authorization: 'Basic abc' }, '400 AuthorizationHeaderMalformed'],
    ['without a credential', { authorization: 'AWS4-HMAC-SHA256 ' }, '400 AuthorizationHeaderMalformed'],
    ['with a short credential', { authorization: authorization('KEY/20260524') }, '400 AuthorizationHeaderMalformed'],
    [
      'of another service',
      { authorization: authorization('KEY/20260524/us-east-1/sts/aws4_request') },
      '400 AuthorizationHeaderMalformed',
    ],
    [
      'of another day',
      { authorization: authorization('KEY/20260523/us-east-1/s3/aws4_request') },
      '400 AuthorizationHeaderMalformed',
    ],
    [
      'that leaves host out',
      { authorization: authorization(undefined, 'x-amz-date') },
      '400 AuthorizationHeaderMalformed',
    ],
    ['that leaves an x-amz header out', { 'x-amz-meta-a': 'b' }, '403 AccessDenied'],
    ['without a date', { 'x-amz-date': undefined }, '403 AccessDenied'],
    ['with a date that is none', { 'x-amz-date': '2026' }, '403 AccessDenied'],
    ['16 minutes old', { 'x-amz-date': '20260524T114400Z' }, '403 RequestTimeTooSkewed'],
    ['16 minutes ahead', { 'x-amz-date': '20260524T121600Z' }, '403 RequestTimeTooSkewed'],
    ['14 minutes ahead', { 'x-amz-date': '20260524T121400Z' }, 'none'],
    ['without a payload hash', { 'x-amz-content-sha256': undefined }, '400 InvalidRequest'],
    ['with a bad payload hash', { 'x-amz-content-sha256': 'abc' }, '400 InvalidArgument'],
    ['with an unsigned payload', { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, 'none'],
    ['with a session token', { 'x-amz-security-token': 't' }, '400 InvalidToken'],
  ])('%s', (_what, change, expected) => {
    expect(refusal({ ...HEADERS, ...change })).toBe(expected);
  });
});

describe('a presigned URL', () => {
  const PARAMETERS = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': 'KEY/20260524/us-east-1/s3/aws4_request',
    'X-Amz-Date': '20260524T120000Z',
    'X-Amz-Expires': '60',
    'X-Amz-SignedHeaders': 'host',
    'X-Amz-Signature': 'abc',
  };
  const target = (change: Record<string, string>) => {
    const all = Object.entries({ ...PARAMETERS, ...change }).filter(([, value]) => value !== '');
    return `/b/k?${new URLSearchParams(all)}`;
  };

  it('is read, its payload unsigned', () => {
    expect(read({ host: 'h' }, target({}))).toMatchObject({ payloadHash: 'UNSIGNED-PAYLOAD', signedHeaders: ['host'] });
  });

  it.each([
    ['as it should be', {}, 'none'],
    ['expired', { 'X-Amz-Date': '20260524T115859Z' }, '403 AccessDenied'],
    ['in its last second', { 'X-Amz-Date': '20260524T115900Z' }, 'none'],
    ['not valid yet', { 'X-Amz-Date': '20260524T121501Z' }, '403 AccessDenied'],
    ['for a week', { 'X-Amz-Expires': '604800' }, 'none'],
    ['for longer than a week', { 'X-Amz-Expires': '604801' }, '400 AuthorizationQueryParametersError'],
    ['for a negative time', { 'X-Amz-Expires': '-1' }, '400 AuthorizationQueryParametersError'],
    ['for words', { 'X-Amz-Expires': 'long' }, '400 AuthorizationQueryParametersError'],
    ['without expiry', { 'X-Amz-Expires': '' }, '400 AuthorizationQueryParametersError'],
    ['without signature', { 'X-Amz-Signature': '' }, '400 AuthorizationQueryParametersError'],
    ['without credential', { 'X-Amz-Credential': '' }, '400 AuthorizationQueryParametersError'],
    ['with a bad date', { 'X-Amz-Date': 'today' }, '400 AuthorizationQueryParametersError'],
    ['with another algorithm', { 'X-Amz-Algorithm': 'AWS4-ECDSA' }, '400 AuthorizationQueryParametersError'],
    ['of version 2', { AWSAccessKeyId: 'KEY' }, '400 InvalidRequest'],
  ])('%s', (_what, change, expected) => {
    expect(refusal({ host: 'h' }, target(change))).toBe(expected);
  });

  it('beside an authorization header is one too many', () => {
    expect(refusal(HEADERS, target({}))).toBe('400 InvalidArgument');
  });
});
