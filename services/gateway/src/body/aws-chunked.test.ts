import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkedBody } from '../../test/harness/chunked-body.js';
import type { SignatureClaim } from '../protocol/signature-claim.js';
import { decodeAwsChunked } from './aws-chunked.js';
import { ChunkSigner } from './chunk-signer.js';

/** Two line ends, of which the last is not needed, and the first may be one of several. */
const ENDING = 4;
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const CLAIM: SignatureClaim = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  credential: { date: '20130524', region: 'us-east-1', service: 's3' },
  timestamp: '20130524T000000Z',
  signedHeaders: ['host'],
  payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
};

type Trailers = Readonly<Record<string, string>>;
const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');

const encode = (content: Buffer, cuts: readonly number[], signed: boolean, trailers?: Trailers): Buffer =>
  chunkedBody(content, cuts, signed ? { claim: CLAIM, secret: SECRET } : undefined, trailers);

async function decode(body: Buffer, pieceBytes: number, signed: boolean, trailers?: readonly string[]) {
  async function* pieces() {
    for (let at = 0; at < body.length; at += pieceBytes) yield body.subarray(at, at + pieceBytes);
  }
  const signer = signed ? new ChunkSigner(CLAIM, SECRET) : undefined;
  const decoding = decodeAwsChunked(pieces(), { signer, trailers });
  const content: Uint8Array[] = [];
  let next = await decoding.next();
  for (; next.done !== true; next = await decoding.next()) content.push(next.value);
  return { content: Buffer.concat(content), trailers: Object.fromEntries(next.value) };
}

const codeOf = (decoding: Promise<unknown>): Promise<string> =>
  decoding.then(
    () => 'decoded',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  );

it('takes the chunks of S3’s own example', async () => {
  const signer = new ChunkSigner(CLAIM, SECRET);
  const signatures = [
    ['ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648', Buffer.alloc(65_536, 'a')],
    ['0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497', Buffer.alloc(1_024, 'a')],
    ['b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9', Buffer.alloc(0)],
  ] as const;
  for (const [signature, data] of signatures) signer.checkChunk(signature, sha256(data));
});

it('gives back what was encoded, in every form and however it is cut', async () => {
  const forms = fc.record({ signed: fc.boolean(), trailer: fc.boolean() });
  const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      cuts,
      forms,
      fc.integer({ min: 1, max: 50 }),
      async (bytes, sizes, form, piece) => {
        const content = Buffer.from(bytes);
        const trailers = form.trailer ? { 'x-amz-checksum-crc32': 'AAAAAA==' } : undefined;
        const names = trailers && Object.keys(trailers);
        const decoded = await decode(encode(content, sizes, form.signed, trailers), piece, form.signed, names);
        expect(decoded).toEqual({ content, trailers: trailers ?? {} });
      },
    ),
  );
});

it('takes no body that was cut, changed or goes on', async () => {
  const content = Buffer.from('some content in several chunks');
  const trailers = { 'x-amz-checksum-crc32': 'AAAAAA==' };
  const whole = encode(content, [7, 9], true, trailers);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - ENDING - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const names = Object.keys(trailers);
      // The empty line at the very end is not needed.
      if (at < whole.length - 2)
        expect(await codeOf(decode(whole.subarray(0, at), 11, true, names))).not.toBe('decoded');
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ change;
      const code = await codeOf(decode(changed, 11, true, names));
      // Hexadecimal digits and names of headers are the same in either case.
      const isSame = changed.toString('latin1').toLowerCase() === whole.toString('latin1').toLowerCase();
      if (!isSame) expect(code).toMatch(/IncompleteBody|SignatureDoesNotMatch|MalformedTrailerError/);
      expect(await codeOf(decode(Buffer.concat([whole, Buffer.from('x')]), 11, true, names))).toBe('IncompleteBody');
    }),
  );
});

describe('what is refused', () => {
  it.each([
    ['0\r\n\r\n', true, undefined, 'IncompleteBody'], // no signature
    ['5\r\nbytes\r\n0\r\n\r\n', false, ['x-amz-checksum-crc32'], 'MalformedTrailerError'], // no trailer
    ['0\r\na:b\r\n\r\n', false, ['x-amz-checksum-crc32'], 'MalformedTrailerError'],
    ['0\r\nx-amz-checksum-crc32\r\n\r\n', false, ['x-amz-checksum-crc32'], 'MalformedTrailerError'],
    ['0\r\na:1\r\na:2\r\n\r\n', false, ['a'], 'MalformedTrailerError'],
    ['0\r\na:1\r\n\r\n', true, ['a'], 'IncompleteBody'],
    ['5;chunk-signature=x\r\nbytes\r\n', true, undefined, 'IncompleteBody'],
    ['-5\r\nbytes\r\n0\r\n\r\n', false, [], 'IncompleteBody'],
    ['5\r\nbytes0\r\n\r\n', false, [], 'IncompleteBody'],
    ['5\nbytes\n0\n\n', false, [], 'IncompleteBody'],
    ['ffffffffff\r\nbytes', false, [], 'IncompleteBody'],
    ['', false, [], 'IncompleteBody'],
  ])('%j', async (body, signed, trailers, code) => {
    expect(await codeOf(decode(Buffer.from(body), 3, signed, trailers))).toBe(code);
  });
});

it('takes no line without an end', async () => {
  const body = Buffer.alloc(100_000, '0');
  expect(await codeOf(decode(body, 1_000, false, []))).toBe('IncompleteBody');
});

it('takes a trailer as some clients end it', async () => {
  const { trailers } = await decode(Buffer.from('0\r\na:1\n\r\n'), 4, false, ['a']);
  expect(trailers).toEqual({ a: '1' });
});
