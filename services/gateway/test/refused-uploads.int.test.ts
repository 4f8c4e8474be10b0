import { createHash } from 'node:crypto';
import { waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chunkedBody } from './harness/chunked-body.js';
import { RawConnection } from './harness/raw-connection.js';
import { RunningGateway, WRITER } from './harness/running-gateway.js';
import { escapeUri, presign, sdkSigner } from './harness/sdk-signer.js';

/** What is wrong with an upload is said as S3 says it, and nothing of it is kept. */

const BUCKET = 'strict';
const CONTENT = Buffer.from('some bytes');
const gateway = new RunningGateway();

beforeAll(async () => {
  await gateway.start();
  await gateway.namespace.prepareMirror('life-1');
  await gateway.setLocation('gone', 'http://127.0.0.1:9', 'target');
  await gateway.mirror(BUCKET, 'life-1', 'gone');
});
afterAll(async () => {
  const { db } = gateway.namespace;
  const kept = {
    staged: await gateway.staged(),
    intents: await db.collection('stagingIntents').countDocuments(),
    operations: await gateway.namespace.pendingOperations.countDocuments(),
    versions: await gateway.namespace.versions('life-1').countDocuments(),
    events: await db.collection('gatewayOutbox').countDocuments(),
  };
  await gateway.stop();
  expect(kept).toEqual({ staged: [], intents: 0, operations: 0, versions: 0, events: 0 });
});

type Headers = Readonly<Record<string, string>>;
interface Sent {
  readonly method?: string;
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Headers;
  readonly body?: Buffer;
}

const UNSIGNED = 'UNSIGNED-PAYLOAD';
const digest = (algorithm: string, bytes: Buffer, encoding: 'hex' | 'base64' = 'base64'): string =>
  createHash(algorithm).update(bytes).digest(encoding);

/** The head of a signed request, in lines. A content-length is only given where the test gives none. */
async function head({ method = 'PUT', key = 'key', query = {}, headers = {}, body = CONTENT }: Sent): Promise<Headers> {
  const { host, hostname } = new URL(gateway.url);
  const length: Headers = 'transfer-encoding' in headers ? {} : { 'content-length': String(body.length) };
  const given = { host, 'x-amz-content-sha256': UNSIGNED, ...length, ...headers };
  const request = {
    method,
    protocol: 'http:',
    hostname,
    path: pathOf(key),
    query: { ...query },
    headers: { ...given },
  };
  return (await sdkSigner(WRITER.id, WRITER.secretAccessKey).sign(request)).headers;
}

const pathOf = (key: string): string => `/${BUCKET}${key === '' ? '' : `/${key.split('/').map(escapeUri).join('/')}`}`;

function lines({ method = 'PUT', key = 'key', query = {} }: Sent, headers: Headers): string[] {
  const parts = Object.entries(query).map(([name, value]) => `${escapeUri(name)}=${escapeUri(value)}`);
  const target = parts.length === 0 ? pathOf(key) : `${pathOf(key)}?${parts.join('&')}`;
  return [
    `${method} ${target} HTTP/1.1`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${Buffer.from(value).toString('latin1')}`),
    '',
    '',
  ];
}

/** '400 BadDigest', after the whole body was sent. */
async function answerTo(sent: Sent, headers?: Headers): Promise<string> {
  const raw = new RawConnection(gateway.url);
  try {
    raw.send(...lines(sent, headers ?? (await head(sent))));
    raw.sendBytes(sent.body ?? CONTENT);
    return codeOf(await raw.answer());
  } finally {
    raw.end();
  }
}

function codeOf(answer: { head: string; body: string }): string {
  const status = /^HTTP\/1\.1 (\d+)/.exec(answer.head)?.[1] ?? '';
  const code = /<Code>(\w+)<\/Code>/.exec(answer.body)?.[1] ?? '';
  return `${status} ${code}`.trim();
}

describe('content', () => {
  const other = Buffer.from('other bytes');
  const cases: readonly [what: string, headers: Headers, answer: string][] = [
    ['another MD5', { 'content-md5': digest('md5', other) }, '400 BadDigest'],
    ['no MD5', { 'content-md5': 'nonsense' }, '400 InvalidDigest'],
    [
      'another SHA-256 than signed',
      { 'x-amz-content-sha256': digest('sha256', other, 'hex') },
      '400 XAmzContentSHA256Mismatch',
    ],
    ['another crc32', { 'x-amz-checksum-crc32': 'AAAAAA==' }, '400 BadDigest'],
    ['another crc32c', { 'x-amz-checksum-crc32c': 'AAAAAA==' }, '400 BadDigest'],
    ['another crc64nvme', { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' }, '400 BadDigest'],
    ['another sha1', { 'x-amz-checksum-sha1': digest('sha1', other) }, '400 BadDigest'],
    ['another sha256', { 'x-amz-checksum-sha256': digest('sha256', other) }, '400 BadDigest'],
    ['a checksum of no form', { 'x-amz-checksum-crc32': 'x' }, '400 InvalidRequest'],
    [
      'two checksums',
      { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-crc32c': 'AAAAAA==' },
      '400 InvalidRequest',
    ],
    ['more than S3 takes at once', { 'content-length': String(5 * 1024 ** 3 + 1) }, '400 EntityTooLarge'],
  ];
  it.each(cases)('with %s', async (_what, headers, answer) => {
    expect(await answerTo({ headers })).toBe(answer);
  });

  it('without a length', async () => {
    const body = Buffer.from('a\r\nsome bytes\r\n0\r\n\r\n');
    expect(await answerTo({ body, headers: { 'transfer-encoding': 'chunked' } })).toBe('411 MissingContentLength');
  });

  it('that ends too early, and whose client still listens', async () => {
    const raw = new RawConnection(gateway.url);
    raw.send(...lines({}, await head({ headers: { 'content-length': '11' } })));
    raw.sendBytes(CONTENT);
    raw.finish();
    expect(codeOf(await raw.answer())).toBe('400 IncompleteBody');
    raw.end();
  });

  it('that ends too early, and whose client is gone', async () => {
    const raw = new RawConnection(gateway.url);
    raw.send(...lines({}, await head({ headers: { 'content-length': '100000' } })));
    raw.sendBytes(Buffer.alloc(50_000));
    await waitFor(async () => (await gateway.staged()).length > 0, { what: 'bytes in staging' });
    raw.end();
    await waitFor(async () => (await gateway.staged()).length === 0, { what: 'nothing in staging' });
  });
});

describe('chunks', () => {
  const NAME = 'x-amz-checksum-crc32';
  const SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
  const right = 'XSgfWw==';

  /** Sends signed chunks; `spoil` changes the body before it goes. */
  async function answerToChunks(form: string, length: number, trailers?: Headers, spoil = (body: Buffer) => body) {
    const trailer: Headers = trailers === undefined ? {} : { 'x-amz-trailer': Object.keys(trailers).join() };
    const base = { 'x-amz-content-sha256': form, 'x-amz-decoded-content-length': String(length), ...trailer };
    const unsigned = chunkedBody(CONTENT, [4], undefined, trailers);
    const claimOf = (headers: Headers) => {
      const timestamp = headers['x-amz-date'] ?? '';
      const credential = { date: timestamp.slice(0, 8), region: 'us-east-1', service: 's3' };
      return { credential, timestamp, signature: /Signature=(\w+)/.exec(headers.authorization ?? '')?.[1] ?? '' };
    };
    const isSigned = form.startsWith(SIGNED);
    const sizing = { claim: claimOf({}), secret: WRITER.secretAccessKey };
    const size = isSigned ? chunkedBody(CONTENT, [4], sizing, trailers).length : unsigned.length;
    const headers = await head({ headers: { ...base, 'content-length': String(size) } });
    const signing = { claim: claimOf(headers), secret: WRITER.secretAccessKey };
    const body = isSigned ? chunkedBody(CONTENT, [4], signing, trailers) : unsigned;
    return answerTo({ body: spoil(body) }, headers);
  }

  it('whose trailer is another', async () => {
    const wrong = { [NAME]: 'AAAAAA==' };
    expect(await answerToChunks('STREAMING-UNSIGNED-PAYLOAD-TRAILER', 10, wrong)).toBe('400 BadDigest');
    expect(await answerToChunks(`${SIGNED}-TRAILER`, 10, wrong)).toBe('400 BadDigest');
  });

  it('whose length is another than was said', async () => {
    expect(await answerToChunks(SIGNED, 9)).toBe('400 IncompleteBody');
    expect(await answerToChunks(SIGNED, 11)).toBe('400 IncompleteBody');
    expect(await answerToChunks('STREAMING-UNSIGNED-PAYLOAD-TRAILER', 11, { [NAME]: right })).toBe(
      '400 IncompleteBody',
    );
  });

  it('that were changed on the way', async () => {
    const spoil = (body: Buffer): Buffer => Buffer.from(body.toString('latin1').replace('some', 'same'), 'latin1');
    expect(await answerToChunks(SIGNED, 10, undefined, spoil)).toBe('403 SignatureDoesNotMatch');
  });

  it('whose trailer is signed by nobody', async () => {
    const forge = (body: Buffer): Buffer =>
      Buffer.from(body.toString('latin1').replace(/(trailer-signature:)\w{4}/, '$10000'), 'latin1');
    expect(await answerToChunks(`${SIGNED}-TRAILER`, 10, { [NAME]: right }, forge)).toBe('403 SignatureDoesNotMatch');
  });

  it('whose trailer is not there', async () => {
    const cut = (body: Buffer): Buffer => {
      const text = body.toString('latin1');
      const without = text.replace(`${NAME}:${right}\r\n`, '');
      return Buffer.from(without.replace('a:', 'a:').padEnd(text.length, '\r\n'), 'latin1');
    };
    const form = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
    expect(await answerToChunks(form, 10, { [NAME]: right }, cut)).toBe('400 MalformedTrailerError');
  });
});

describe('a part', () => {
  it('whose bytes are others than was said is not kept, nor is one that ends too early', async () => {
    const raw = new RawConnection(gateway.url);
    const upload: Sent = { method: 'POST', query: { uploads: '' }, body: Buffer.alloc(0) };
    raw.send(...lines(upload, await head(upload)));
    const uploadId = /<UploadId>(.+)<\/UploadId>/.exec((await raw.answer()).body)?.[1] ?? '';
    raw.end();
    const query = { uploadId, partNumber: '1' };
    const wrong: Headers[] = [
      { 'content-md5': digest('md5', Buffer.from('other bytes')) },
      { 'x-amz-checksum-crc32': 'AAAAAA==' },
      { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' },
    ];
    for (const headers of wrong) expect(await answerTo({ query, headers })).toBe('400 BadDigest');
    const short = new RawConnection(gateway.url);
    short.send(...lines({ query }, await head({ query, headers: { 'content-length': '11' } })));
    short.sendBytes(CONTENT);
    short.finish();
    expect(codeOf(await short.answer())).toBe('400 IncompleteBody');
    short.end();
    expect(await gateway.staged()).toEqual([]);
    expect(await answerTo({ method: 'DELETE', query: { uploadId }, body: Buffer.alloc(0) })).toBe('204');
  });
});

describe('an object', () => {
  const tooMuch = 'x'.repeat(2_049);
  const cases: readonly [what: string, sent: Sent, answer: string][] = [
    ['of a key that is too long', { key: 'k'.repeat(916) }, '400 KeyTooLongError'],
    ['of a key that is longer than S3’s', { key: 'k'.repeat(1_025) }, '400 KeyTooLongError'],
    ['of a key with a control character', { key: 'a\u0001b' }, '400 InvalidArgument'],
    ['of too much metadata', { headers: { 'x-amz-meta-a': tooMuch } }, '400 MetadataTooLarge'],
    ['of metadata in another alphabet', { headers: { 'x-amz-meta-a': 'é' } }, '400 InvalidArgument'],
    ['of tags that are no tags', { headers: { 'x-amz-tagging': 'a=%zz' } }, '400 InvalidArgument'],
    ['of too many tags', { headers: { 'x-amz-tagging': 'a&b&c&d&e&f&g&h&i&j&k' } }, '400 BadRequest'],
    ['of another storage class', { headers: { 'x-amz-storage-class': 'GLACIER' } }, '400 InvalidStorageClass'],
    ['that is to be encrypted', { headers: { 'x-amz-server-side-encryption': 'AES256' } }, '501 NotImplemented'],
    ['that is to be public', { headers: { 'x-amz-acl': 'public-read' } }, '501 NotImplemented'],
    ['that is to be locked', { headers: { 'x-amz-object-lock-mode': 'GOVERNANCE' } }, '501 NotImplemented'],
    ['unless it is another', { headers: { 'if-none-match': '"etag"' } }, '501 NotImplemented'],
    ['of a part without an upload', { query: { uploadId: 'u', partNumber: '1' } }, '404 NoSuchUpload'],
    ['of part 0', { query: { uploadId: 'u', partNumber: '0' } }, '400 InvalidArgument'],
    ['of part 10001', { query: { uploadId: 'u', partNumber: '10001' } }, '400 InvalidArgument'],
  ];
  it.each(cases)('%s', async (_what, sent, answer) => {
    expect(await answerTo(sent)).toBe(answer);
  });

  it('whose request is signed wrongly', async () => {
    const { authorization = '', ...headers } = await head({});
    const forged = authorization.replace(/Signature=\w{4}/, 'Signature=0000');
    expect(await answerTo({}, { ...headers, authorization: forged })).toBe('403 SignatureDoesNotMatch');
  });

  it('whose headers are too large', async () => {
    const raw = new RawConnection(gateway.url);
    raw.send(...lines({}, { host: 'x', 'x-amz-meta-a': 'x'.repeat(100_000) }));
    expect(codeOf(await raw.answer())).toBe('400 RequestHeaderSectionTooLarge');
    raw.end();
  });

  it('that can not be taken is told to a client that is still sending it', async () => {
    const { id: accessKeyId, secretAccessKey } = WRITER;
    const signing = { endpoint: gateway.url, bucket: BUCKET, accessKeyId, secretAccessKey, method: 'PUT' };
    const url = await presign(signing, 'k'.repeat(916));
    const answer = await fetch(url, { method: 'PUT', body: Buffer.alloc(64 * 1024 * 1024) });
    expect([answer.status, await answer.text()]).toEqual([
      400,
      expect.stringContaining('<Code>KeyTooLongError</Code>'),
    ]);
  });

  it('that can not be taken is not asked for', async () => {
    const raw = new RawConnection(gateway.url);
    const headers = { expect: '100-continue', 'x-amz-meta-a': tooMuch };
    raw.send(...lines({}, await head({ headers })));
    expect(codeOf(await raw.answer())).toBe('400 MetadataTooLarge');
    await raw.waitUntilClosed();
  });
});

describe('a document', () => {
  const bomb = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;">]>';
  const tagging = (tags: string) => `<Tagging><TagSet>${tags}</TagSet></Tagging>`;
  const cases: readonly [what: string, sent: Omit<Sent, 'body'>, body: string, answer: string][] = [
    ['with entities of its own', { query: { tagging: '' } }, `${bomb}${tagging('&m;')}`, '400 MalformedXML'],
    ['of another kind', { query: { tagging: '' } }, '<Other/>', '400 MalformedXML'],
    ['that is cut', { query: { tagging: '' } }, '<Tagging><TagSet>', '400 MalformedXML'],
    ['that is too long', { query: { tagging: '' } }, ' '.repeat(65_537), '400 MaxMessageLengthExceeded'],
    ['of a key that is not there', { query: { tagging: '' } }, tagging(''), '404 NoSuchKey'],
    ['nested too deeply', { query: { versioning: '' }, key: '' }, '<a>'.repeat(10_000), '400 MalformedXML'],
    [
      'that says nothing of versioning',
      { query: { versioning: '' }, key: '' },
      '<VersioningConfiguration/>',
      '400 IllegalVersioningConfigurationException',
    ],
    [
      'that suspends versioning',
      { query: { versioning: '' }, key: '' },
      '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>',
      '409 InvalidBucketState',
    ],
    [
      'that enables versioning',
      { query: { versioning: '' }, key: '' },
      '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
      '200',
    ],
    [
      'that deletes nothing',
      {
        method: 'POST',
        query: { delete: '' },
        key: '',
        headers: { 'content-md5': digest('md5', Buffer.from('<Delete/>')) },
      },
      '<Delete/>',
      '400 MalformedXML',
    ],
    [
      'that deletes, and nobody vouches for',
      { method: 'POST', query: { delete: '' }, key: '' },
      '<Delete/>',
      '400 InvalidRequest',
    ],
    [
      'that completes nothing',
      { method: 'POST', query: { uploadId: 'u' } },
      '<CompleteMultipartUpload/>',
      '400 MalformedXML',
    ],
    [
      'that completes what is not there',
      { method: 'POST', query: { uploadId: 'u' } },
      '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>',
      '404 NoSuchUpload',
    ],
  ];
  it.each(cases)('%s', async (_what, sent, body, answer) => {
    expect(await answerTo({ ...sent, body: Buffer.from(body) })).toBe(answer);
  });
});
