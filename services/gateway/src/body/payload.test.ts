import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { S3Error } from '../protocol/errors.js';
import { parseS3Request } from '../protocol/s3-request.js';
import { CheckedContent, readPayload } from './payload.js';

const CONTENT = Buffer.from('some bytes');
const digest = (algorithm: string): string => createHash(algorithm).update(CONTENT).digest('base64');
const sha256 = createHash('sha256').update(CONTENT).digest('hex');
const crc = Buffer.alloc(4);
crc.writeUInt32BE(crc32(CONTENT));
const CRC32 = crc.toString('base64');

/** 'taken CHECKSUM', or the error's code. */
async function send(
  headers: Record<string, string>,
  payloadHash = 'UNSIGNED-PAYLOAD',
  body: Buffer = CONTENT,
): Promise<string> {
  const all = { 'content-length': String(body.length), ...headers };
  const request = parseS3Request('PUT', '/b/k', Object.entries(all).flat());
  const claim = {
    accessKeyId: 'K',
    credential: { date: '20130524', region: 'r', service: 's3' },
    timestamp: '20130524T000000Z',
    signedHeaders: ['host'],
    payloadHash,
    signature: '0'.repeat(64),
  };
  async function* source() {
    yield body;
  }
  try {
    const content = new CheckedContent(readPayload(request, claim, 'secret'), source());
    let length = 0;
    for await (const piece of content) length += piece.length;
    expect(length).toBe(content.payload.length);
    return `taken ${content.checksum ?? ''}`.trim();
  } catch (error) {
    return error instanceof S3Error ? error.code : String(error);
  }
}

describe('a plain body', () => {
  it.each([
    ['nothing', {}, 'taken'],
    ['its MD5', { 'content-md5': digest('md5') }, 'taken'],
    ['another MD5', { 'content-md5': createHash('md5').update('x').digest('base64') }, 'BadDigest'],
    ['an MD5 that is none', { 'content-md5': 'abc' }, 'InvalidDigest'],
    ['crc32', { 'x-amz-checksum-crc32': CRC32 }, `taken ${CRC32}`],
    ['sha1', { 'x-amz-checksum-sha1': digest('sha1') }, `taken ${digest('sha1')}`],
    ['sha256', { 'x-amz-checksum-sha256': digest('sha256') }, `taken ${digest('sha256')}`],
    ['another crc32', { 'x-amz-checksum-crc32': 'AAAAAA==' }, 'BadDigest'],
    ['another crc32c', { 'x-amz-checksum-crc32c': 'AAAAAA==' }, 'BadDigest'],
    ['another crc64nvme', { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' }, 'BadDigest'],
    ['a checksum of another length', { 'x-amz-checksum-crc32': 'AAAAAAAA' }, 'InvalidRequest'],
    ['two checksums', { 'x-amz-checksum-crc32': CRC32, 'x-amz-checksum-sha1': digest('sha1') }, 'InvalidRequest'],
    ['a checksum of no known kind', { 'x-amz-checksum-md4': 'AAAA' }, 'InvalidRequest'],
    ['an algorithm without its checksum', { 'x-amz-sdk-checksum-algorithm': 'CRC32' }, 'InvalidRequest'],
    ['a longer content-length', { 'content-length': '11' }, 'IncompleteBody'],
    ['a shorter content-length', { 'content-length': '9' }, 'IncompleteBody'],
    ['a content-length that is none', { 'content-length': '1e3' }, 'InvalidArgument'],
  ])('with %s', async (_what, headers, answer) => {
    expect(await send(headers)).toBe(answer);
  });

  it('has to be what was signed', async () => {
    expect(await send({}, sha256)).toBe('taken');
    expect(await send({}, sha256, Buffer.from('Some bytes'))).toBe('XAmzContentSHA256Mismatch');
  });

  it('needs a length', async () => {
    const request = parseS3Request('PUT', '/b/k', ['transfer-encoding', 'chunked']);
    const claim = { payloadHash: 'UNSIGNED-PAYLOAD' } as Parameters<typeof readPayload>[1];
    expect(() => readPayload(request, claim, 's')).toThrow(expect.objectContaining({ code: 'MissingContentLength' }));
  });
});

describe('a chunked body', () => {
  const UNSIGNED = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
  const chunked = (trailer: string): Buffer => Buffer.from(`a\r\n${CONTENT}\r\n0\r\n${trailer}\r\n\r\n`);
  const headers = { 'x-amz-decoded-content-length': '10', 'x-amz-trailer': 'x-amz-checksum-crc32' };

  it.each([
    ['its trailer', chunked(`x-amz-checksum-crc32:${CRC32}`), headers, `taken ${CRC32}`],
    ['a wrong trailer', chunked('x-amz-checksum-crc32:AAAAAA=='), headers, 'BadDigest'],
    ['a trailer that is no checksum', chunked('x-amz-checksum-crc32:!'), headers, 'InvalidRequest'],
    [
      'another length',
      chunked(`x-amz-checksum-crc32:${CRC32}`),
      { ...headers, 'x-amz-decoded-content-length': '9' },
      'IncompleteBody',
    ],
    [
      'more length',
      chunked(`x-amz-checksum-crc32:${CRC32}`),
      { ...headers, 'x-amz-decoded-content-length': '11' },
      'IncompleteBody',
    ],
    ['no decoded length', chunked(''), { 'x-amz-trailer': 'x-amz-checksum-crc32' }, 'MissingContentLength'],
  ])('with %s', async (_what, body, given, answer) => {
    expect(await send(given, UNSIGNED, body)).toBe(answer);
  });

  it('signed by another algorithm is not implemented', async () => {
    expect(await send(headers, 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD')).toBe('NotImplemented');
  });
});
