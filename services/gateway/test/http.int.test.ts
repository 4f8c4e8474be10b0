import { createHash } from 'node:crypto';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chunkedBody } from './harness/chunked-body.js';
import { versionDocument } from './harness/fill-namespace.js';
import { RawConnection } from './harness/raw-connection.js';
import { RunningGateway, WRITER } from './harness/running-gateway.js';
import { presign, sdkSigner } from './harness/sdk-signer.js';

/** What S3 clients rely on below the operations: the wire, signatures of odd names, errors, health beside buckets. */

const BUCKET = 'wire';
/** An upload that is refused before its body is asked for. */
const UNWANTED = { 'x-amz-acl': 'public-read' };

/** CRC-64/NVME's published check value, of the digits 1 to 9. */
const TRAILER = { 'x-amz-checksum-crc64nvme': Buffer.from('ae8b14860a799888', 'hex').toString('base64') };

const gateway = new RunningGateway();
let s3: S3Client;

beforeAll(async () => {
  await gateway.start();
  await gateway.namespace.prepareMirror('life-1');
  const described = {
    ...versionDocument('known', 'v1'),
    description: { contentType: 'a/b', headers: [], metadata: [], tags: [] },
  };
  await gateway.namespace.versions('life-1').insertOne(described);
  await gateway.setLocation('ring', 'http://127.0.0.1:9', 'target');
  await gateway.mirror(BUCKET, 'life-1', 'ring');
  s3 = gateway.client();
});
afterAll(async () => {
  s3?.destroy();
  await gateway.stop();
});

const ours = () => ({
  endpoint: gateway.url,
  bucket: BUCKET,
  accessKeyId: WRITER.id,
  secretAccessKey: WRITER.secretAccessKey,
});

async function get(key: string, query: Record<string, string> = {}, options: object = {}) {
  const response = await fetch(await presign({ ...ours(), ...options, query }, key));
  const body = await response.text();
  const code = /<Code>(\w+)<\/Code>/.exec(body)?.[1];
  return { status: response.status, code, body, headers: response.headers };
}

/** The lines of a signed request, to be written by hand. */
async function signed(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<string[]> {
  const { host, hostname } = new URL(gateway.url);
  const hash = createHash('sha256').update(body).digest('hex');
  const request = {
    method,
    protocol: 'http:',
    hostname,
    path,
    query: {},
    headers: { host, 'x-amz-content-sha256': hash, ...headers },
  };
  const result = await sdkSigner(WRITER.id, WRITER.secretAccessKey).sign(request);
  const lines = Object.entries(result.headers).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path} HTTP/1.1`, ...lines, '', ''];
}

describe('one connection', () => {
  let connection: RawConnection;
  const open = () => {
    connection = new RawConnection(gateway.url);
    return connection;
  };
  afterEach(() => connection.end());

  it('stays in step after an empty upload with Expect: 100-continue', async () => {
    const raw = open();
    raw.send(...(await signed('PUT', '/wire/new', { expect: '100-continue', 'content-length': '0' })));
    expect((await raw.answer()).head).toBe('HTTP/1.1 100 Continue');
    expect((await raw.answer()).head).toMatch(/^HTTP\/1\.1 200 /);
    raw.send(...(await signed('HEAD', '/wire/known')));
    expect((await raw.answer(2_000)).head).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each([
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', undefined],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', TRAILER],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', TRAILER],
  ] as const)('takes %s, and is in step after it', async (form, trailer) => {
    const raw = open();
    const isSigned = form.startsWith('STREAMING-AWS4');
    const content = Buffer.from('123456789');
    const encode = (lines: readonly string[]): Buffer => {
      const timestamp = /x-amz-date: (\w+)/.exec(lines.join('\n'))?.[1] ?? '';
      const credential = { date: timestamp.slice(0, 8), region: 'us-east-1', service: 's3' };
      const signature = /Signature=(\w+)/.exec(lines.join('\n'))?.[1] ?? '';
      const signing = { claim: { credential, timestamp, signature }, secret: WRITER.secretAccessKey };
      return chunkedBody(content, [4, 2], isSigned ? signing : undefined, trailer);
    };
    const headers = {
      'x-amz-content-sha256': form,
      'x-amz-decoded-content-length': String(content.length),
      'content-length': String(encode([]).length),
      ...(trailer && { 'x-amz-trailer': Object.keys(trailer).join() }),
    };
    const lines = await signed('PUT', '/wire/streamed', headers);
    raw.send(...lines);
    raw.sendBytes(encode(lines));
    const { head } = await raw.answer();
    expect(head).toMatch(/^HTTP\/1\.1 200 /);
    expect(head).toContain(`etag: "${createHash('md5').update(content).digest('hex')}"`);
    expect(head.includes(`x-amz-checksum-crc64nvme: ${TRAILER['x-amz-checksum-crc64nvme']}`)).toBe(
      trailer !== undefined,
    );
    raw.send(...(await signed('HEAD', '/wire/known')));
    expect((await raw.answer()).head).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('goes on after a body that was refused half-way', async () => {
    const raw = open();
    const body = Buffer.from(`4;chunk-signature=${'0'.repeat(64)}\r\nsome\r\n${'x'.repeat(500_000)}`);
    const form = { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'x-amz-decoded-content-length': '9' };
    raw.send(...(await signed('PUT', '/wire/new', { ...form, 'content-length': String(body.length) })));
    raw.sendBytes(body);
    expect((await raw.answer()).body).toContain('<Code>SignatureDoesNotMatch</Code>');
    raw.send(...(await signed('HEAD', '/wire/known')));
    expect((await raw.answer()).head).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('ends after a refused upload whose body was not asked for', async () => {
    const raw = open();
    raw.send(
      ...(await signed('PUT', '/wire/new', { ...UNWANTED, expect: '100-continue', 'content-length': '5' }, 'bytes')),
    );
    const { head, body } = await raw.answer();
    expect(head).toMatch(/^HTTP\/1\.1 501 /);
    expect(head).toMatch(/^connection: close$/im);
    expect(body).toContain('<Code>NotImplemented</Code>');
    await raw.waitUntilClosed();
  });

  it('goes on after a short body that nobody wanted, also one of a read', async () => {
    const raw = open();
    raw.send(...(await signed('PUT', '/wire/new', { ...UNWANTED, 'content-length': '5' }, 'bytes')));
    raw.send('bytes');
    expect((await raw.answer()).head).toMatch(/^HTTP\/1\.1 501 /);
    raw.send(...(await signed('GET', '/wire', { 'content-length': '5' }, 'bytes')));
    raw.send('bytes');
    expect((await raw.answer()).head).toMatch(/^HTTP\/1\.1 200 /);
    raw.send(...(await signed('HEAD', '/wire/known')));
    expect((await raw.answer()).head).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('ends where a body is too long to be drained', async () => {
    const raw = open();
    raw.send(...(await signed('PUT', '/wire/new', { ...UNWANTED, 'content-length': '1048577' }, 'bytes')));
    raw.send('bytes');
    expect((await raw.answer()).head).toMatch(/^connection: close$/im);
  });

  it('hears of a body that is not what was signed', async () => {
    const raw = open();
    raw.send(...(await signed('GET', '/wire', { 'content-length': '5' }, 'other')));
    raw.send('bytes');
    expect((await raw.answer()).body).toContain('<Code>XAmzContentSHA256Mismatch</Code>');
    raw.send(...(await signed('GET', '/wire', {}, 'a body that never comes')));
    expect((await raw.answer()).body).toContain('<Code>XAmzContentSHA256Mismatch</Code>');
  });

  it.each([
    ['GET /wire/%zz HTTP/1.1', 400, 'InvalidURI'],
    ['GET /wire/%ff HTTP/1.1', 400, 'InvalidURI'],
    ['GET http://elsewhere/wire HTTP/1.1', 400, 'InvalidURI'],
    ['GET /wire HTTP/1.1', 403, 'AccessDenied'],
    ['PROPFIND /wire HTTP/1.1', 403, 'AccessDenied'],
    ['REPORT /wire HTTP/1.1', 405, 'MethodNotAllowed'],
    ['OPTIONS /wire/k HTTP/1.1', 403, 'AccessForbidden'],
    ['POST / HTTP/1.1', 403, 'AccessDenied'],
  ])('%s answers %i %s', async (line, status, code) => {
    const raw = open();
    raw.send(line, 'Host: gateway', 'Content-Length: 0', '', '');
    const { head, body } = await raw.answer();
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toMatch(/^x-amz-request-id: \S+$/im);
    expect(head).toMatch(/^content-type: application\/xml/im);
    expect(body).toContain(`<Code>${code}</Code>`);
  });

  it('an error of a HEAD has no body, and the connection stays in step', async () => {
    const raw = open();
    raw.send('HEAD /wire/known HTTP/1.1', 'Host: gateway', '', '');
    const { head } = await raw.answer();
    expect(head).toMatch(/^HTTP\/1\.1 403 /);
    raw.send(...(await signed('HEAD', '/wire/known')));
    expect((await raw.answer()).head).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('odd names', () => {
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
      "'",
      '(',
      '*',
      '&',
      '=',
      '?',
      '#',
      '\u0001',
      '\r\n',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
  );
  const odd = fc.array(unit, { minLength: 1, maxLength: 8 }).map((units) => units.join(''));

  it('arrive as the SDK sends them, in keys', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(odd, async (Key) => {
        await gateway.namespace.versions('life-1').insertOne({ ...versionDocument(Key, 'v1'), kind: 'deleteMarker' });
        const error = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key })).catch((reason) => reason);
        await gateway.namespace.versions('life-1').deleteOne({ _id: { k: Key, v: 'v1' } });
        expect(error.name).toBe('NoSuchKey');
        expect(error.$response.headers['x-amz-delete-marker']).toBe('true');
      }),
      { numRuns: 300 },
    );
  });

  it('come back from a listing by URL encoding, whatever they hold', { timeout: 120_000 }, async () => {
    const marker = (text: string) => (text.isWellFormed() ? text : 'x');
    await fc.assert(
      fc.asyncProperty(odd.map(marker), async (name) => {
        const id = { k: `odd-${name}`, v: 'v1' };
        await gateway.namespace.versions('life-1').insertOne(versionDocument(id.k, id.v));
        const { body } = await get('', { 'list-type': '2', prefix: id.k, 'encoding-type': 'url' });
        await gateway.namespace.versions('life-1').deleteOne({ _id: id });
        expect(decodeURIComponent(/<Key>(.*)<\/Key>/.exec(body)?.[1] ?? '')).toBe(id.k);
        expect(decodeURIComponent(/<Prefix>(.*?)<\/Prefix>/.exec(body)?.[1] ?? '')).toBe(id.k);
      }),
      { numRuns: 100 },
    );
  });
});

describe('malformed parameters', () => {
  it.each<[Record<string, string>, string]>([
    [{ 'max-keys': 'abc' }, '400 InvalidArgument'],
    [{ 'max-keys': '-1' }, '400 InvalidArgument'],
    [{ 'encoding-type': 'x' }, '400 InvalidArgument'],
    [{ 'list-type': '3' }, '400 InvalidArgument'],
    [{ 'list-type': '2', 'continuation-token': 'bogus' }, '400 InvalidArgument'],
    [{ 'list-type': '2', 'continuation-token': '' }, '400 InvalidArgument'],
    [{ 'list-type': '2', 'fetch-owner': 'maybe' }, '400 InvalidArgument'],
    [{ versions: '', 'version-id-marker': 'v1' }, '400 InvalidArgument'],
    [{ versions: '', 'key-marker': 'k', 'version-id-marker': 'a b' }, '400 InvalidArgument'],
    [{ versions: '', 'max-keys': 'x' }, '400 InvalidArgument'],
    [{ acl: '' }, '501 NotImplemented'],
    [{ 'max-keys': '0' }, '200 undefined'],
    [{ 'max-keys': '5000' }, '200 undefined'],
  ])('%j answer %s', async (query, expected) => {
    const { status, code } = await get('', query);
    expect(`${status} ${code}`).toBe(expected);
  });
});

describe('who signs', () => {
  it('an expired URL says so', async () => {
    const answer = await get('known', {}, { signedAt: new Date(Date.now() - 120_000), expiresIn: 60 });
    expect([answer.status, answer.code]).toEqual([403, 'AccessDenied']);
    expect(answer.body).toContain('<Message>Request has expired</Message>');
  });

  it('a wrong secret is told what was signed, and never the secret', async () => {
    const answer = await get('known', {}, { secretAccessKey: 'wrong' });
    expect([answer.status, answer.code]).toEqual([403, 'SignatureDoesNotMatch']);
    expect(answer.body).toContain('<CanonicalRequest>GET\n/wire/known\n');
    expect(answer.body).not.toContain(WRITER.secretAccessKey);
    expect(answer.body).toContain('<Resource>/wire/known</Resource>');
    expect(answer.body).toContain(`<RequestId>${answer.headers.get('x-amz-request-id')}</RequestId>`);
  });

  it('an unknown key is asked for once in a while, one that can not exist never', async () => {
    const before = gateway.config.asked.length;
    for (const accessKeyId of ['NOBODY', 'NOBODY', 'not-ours']) {
      expect((await get('known', {}, { accessKeyId })).code).toBe('InvalidAccessKeyId');
    }
    expect(gateway.config.asked.length - before).toBe(1);
  });

  it('with the config service down, known keys go on and others are 503', async () => {
    await get('known');
    gateway.config.isDown = true;
    const known = await get('', { location: '' });
    const unknown = await get('known', {}, { accessKeyId: 'FRESH' });
    gateway.config.isDown = false;
    expect(known.status).toBe(200);
    expect([unknown.status, unknown.code]).toEqual([503, 'ServiceUnavailable']);
    expect(unknown.headers.get('retry-after')).toBe('5');
    expect((await get('known', {}, { accessKeyId: 'FRESH' })).code).toBe('InvalidAccessKeyId');
  });
});

describe('health', () => {
  it('answers unsigned requests, and leaves the names to buckets otherwise', async () => {
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
    expect(await (await fetch(`${gateway.url}/readyz`)).json()).toEqual({
      status: 'ok',
      checks: { mongodb: 'ok', staging: 'ok', 'state-topics': 'ok' },
    });
    expect((await get('', {}, { bucket: 'livez' })).code).toBe('NoSuchBucket');
    const raw = new RawConnection(gateway.url);
    raw.send(...(await signed('GET', '/metrics')));
    expect((await raw.answer()).body).toContain('<Code>NoSuchBucket</Code>');
    raw.end();
  });

  it('counts operations by their S3 names', async () => {
    await get('', { location: '' });
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(
      /gateway_requests_total\{operation="GetBucketLocation",status="200",service="gateway"\} \d+/,
    );
    expect(metrics).toMatch(/gateway_request_duration_seconds_count\{[^}]*operation="GetBucketLocation"[^}]*\}/);
  });
});
