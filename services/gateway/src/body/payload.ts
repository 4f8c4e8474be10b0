import { createHash } from 'node:crypto';
import { S3Error } from '../protocol/errors.js';
import { headerValue, type S3Request } from '../protocol/s3-request.js';
import type { SignatureClaim } from '../protocol/signature-claim.js';
import { type ChunkedFraming, decodeAwsChunked } from './aws-chunked.js';
import {
  type ChecksumClaim,
  checksumHeader,
  createChecksum,
  parseChecksum,
  readChecksumClaim,
  readTrailerNames,
} from './checksums.js';
import { ChunkSigner } from './chunk-signer.js';

/** What a request says of its body, before the body comes. */
export interface Payload {
  /** Undefined: the body is the content as it is. */
  readonly framing: ChunkedFraming | undefined;
  /** Bytes of the content. */
  readonly length: number;
  /** SHA-256 that was signed, in hexadecimal. */
  readonly sha256: string | undefined;
  readonly md5: Buffer | undefined;
  readonly checksum: ChecksumClaim | undefined;
}

const SHA256 = /^[0-9a-f]{64}$/;
const LENGTH = /^\d{1,15}$/;

/** Streaming forms by name: whether chunks are signed, and whether a trailer follows. */
const STREAMING: Readonly<Record<string, { readonly isSigned: boolean; readonly hasTrailer: boolean }>> = {
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { isSigned: true, hasTrailer: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { isSigned: true, hasTrailer: true },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { isSigned: false, hasTrailer: true },
};

/** Throws InvalidDigest, InvalidRequest, MissingContentLength; NotImplemented for a streaming form of another kind. */
export function readPayload(
  request: S3Request,
  claim: SignatureClaim,
  secret: string,
  checksums: 'ofContent' | 'ofObject' = 'ofContent',
): Payload {
  const { payloadHash } = claim;
  const framing = readFraming(request, claim, secret);
  return {
    framing,
    length: readLength(request, framing !== undefined),
    sha256: SHA256.test(payloadHash) ? payloadHash : undefined,
    md5: readMd5(headerValue(request, 'content-md5')),
    checksum: checksums === 'ofContent' ? readChecksumClaim(request) : undefined,
  };
}

function readFraming(request: S3Request, claim: SignatureClaim, secret: string): ChunkedFraming | undefined {
  const { payloadHash } = claim;
  if (!payloadHash.startsWith('STREAMING-')) return undefined;
  const form = STREAMING[payloadHash];
  if (form === undefined) {
    throw new S3Error('NotImplemented', { elements: { Header: 'x-amz-content-sha256', Value: payloadHash } });
  }
  return {
    signer: form.isSigned ? new ChunkSigner(claim, secret) : undefined,
    trailers: form.hasTrailer ? readTrailerNames(request) : undefined,
  };
}

function readLength(request: S3Request, isChunked: boolean): number {
  const text = headerValue(request, isChunked ? 'x-amz-decoded-content-length' : 'content-length');
  if (text === undefined) throw new S3Error('MissingContentLength');
  if (LENGTH.test(text)) return Number(text);
  throw new S3Error('InvalidArgument', { message: 'The length of the content is no number.' });
}

function readMd5(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 16 && bytes.toString('base64') === text) return bytes;
  throw new S3Error('InvalidDigest');
}

/**
 * The content of a body, checked as it is read: its length, its signatures and every digest that the request announced. It
 * throws after the last byte when one of them is wrong: what was read by then is to be thrown away.
 */
export class CheckedContent {
  /** Of the content, in base64; known, and true, once it has been read to its end. */
  checksum: string | undefined;

  constructor(
    readonly payload: Payload,
    private readonly source: AsyncIterable<Uint8Array>,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    const { payload } = this;
    const sha256 = payload.sha256 === undefined ? undefined : createHash('sha256');
    const md5 = payload.md5 === undefined ? undefined : createHash('md5');
    const checksum = payload.checksum && createChecksum(payload.checksum.algorithm);
    const content = decode(this.source, payload);
    let length = 0;
    let next = await content.next();
    try {
      for (; next.done !== true; next = await content.next()) {
        length += next.value.length;
        if (length > payload.length) throw new S3Error('IncompleteBody');
        for (const digest of [sha256, md5, checksum]) digest?.update(next.value);
        yield next.value;
      }
    } finally {
      await content.return(new Map());
    }
    if (length !== payload.length) throw new S3Error('IncompleteBody');
    checkSha256(payload.sha256, sha256?.digest('hex'));
    checkMd5(payload.md5, md5?.digest());
    this.checksum = checkChecksum(payload.checksum, checksum?.digest(), next.value);
  }
}

type Trailers = ReadonlyMap<string, string>;

async function* decode(source: AsyncIterable<Uint8Array>, { framing }: Payload): AsyncGenerator<Uint8Array, Trailers> {
  if (framing !== undefined) return yield* decodeAwsChunked(source, framing);
  yield* source;
  return new Map();
}

function checkSha256(signed: string | undefined, computed: string | undefined): void {
  if (signed === computed) return;
  throw new S3Error('XAmzContentSHA256Mismatch', {
    elements: { ClientComputedContentSHA256: signed ?? '', S3ComputedContentSHA256: computed ?? '' },
  });
}

function checkMd5(expected: Buffer | undefined, computed: Buffer | undefined): void {
  if (expected === undefined || computed === undefined || expected.equals(computed)) return;
  throw new S3Error('BadDigest', {
    message: 'The Content-MD5 you specified did not match what we received.',
    elements: { ExpectedDigest: expected.toString('base64'), CalculatedDigest: computed.toString('base64') },
  });
}

function checkChecksum(
  claim: ChecksumClaim | undefined,
  computed: Buffer | undefined,
  trailers: Trailers,
): string | undefined {
  if (claim === undefined || computed === undefined) return undefined;
  const { algorithm } = claim;
  const expected = claim.value ?? parseChecksum(algorithm, trailers.get(checksumHeader(algorithm)) ?? '');
  if (expected.equals(computed)) return computed.toString('base64');
  const message = `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`;
  throw new S3Error('BadDigest', { message });
}
