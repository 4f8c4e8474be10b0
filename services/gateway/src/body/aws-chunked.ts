import { createHash } from 'node:crypto';
import { S3Error } from '../protocol/errors.js';
import { ByteReader, malformed } from './byte-reader.js';
import type { ChunkSigner } from './chunk-signer.js';

/** What is known of an aws-chunked body before it comes. */
export interface ChunkedFraming {
  /** Undefined: its chunks carry no signatures. */
  readonly signer: ChunkSigner | undefined;
  /** Names that the trailer must have, in lower case; undefined: there is no trailer. */
  readonly trailers: readonly string[] | undefined;
}

/** Longest line of a chunk's head and of a trailer. */
const MAX_LINE_BYTES = 1_024;
const MAX_TRAILERS = 16;
const HEAD = /^([0-9a-fA-F]{1,10})(?:;chunk-signature=([0-9a-f]{64}))?$/;
const TRAILER_SIGNATURE = 'x-amz-trailer-signature';

/**
 * Decodes an aws-chunked body and answers its trailers. Each chunk's signature is checked when its last byte has passed, so
 * what was yielded is only worth something once the generator has ended. Throws IncompleteBody, SignatureDoesNotMatch,
 * MalformedTrailerError.
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Uint8Array>,
  framing: ChunkedFraming,
): AsyncGenerator<Uint8Array, ReadonlyMap<string, string>> {
  const reader = new ByteReader(source);
  try {
    for (let isLast = false; !isLast; ) isLast = yield* decodeChunk(reader, framing);
    const trailers =
      framing.trailers === undefined ? await endWithoutTrailer(reader) : await readTrailers(reader, framing);
    if (!(await reader.isAtEnd())) throw malformed();
    return trailers;
  } finally {
    await reader.close();
  }
}

/** Answers whether it was the last one, which is empty. */
async function* decodeChunk(reader: ByteReader, { signer }: ChunkedFraming): AsyncGenerator<Uint8Array, boolean> {
  const [, digits, signature] = HEAD.exec(await reader.line(MAX_LINE_BYTES)) ?? [];
  if (digits === undefined || (signature === undefined) !== (signer === undefined)) throw malformed();
  const size = Number.parseInt(digits, 16);
  const hash = signer === undefined ? undefined : createHash('sha256');
  for await (const piece of reader.take(size)) {
    hash?.update(piece);
    yield piece;
  }
  if (hash !== undefined) signer?.checkChunk(signature ?? '', hash.digest('hex'));
  // The trailer begins right after the head of the last chunk.
  if (size > 0 && (await reader.line(0)) !== '') throw malformed();
  return size === 0;
}

async function endWithoutTrailer(reader: ByteReader): Promise<ReadonlyMap<string, string>> {
  if ((await reader.line(MAX_LINE_BYTES)) !== '') throw malformed();
  return new Map();
}

async function readTrailers(
  reader: ByteReader,
  { signer, trailers: expected = [] }: ChunkedFraming,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (let line = await trailerLine(reader); line !== ''; line = await trailerLine(reader)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon < 1 || found.has(name) || found.size >= MAX_TRAILERS) throw new S3Error('MalformedTrailerError');
    found.set(name, line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ''));
  }
  const signature = found.get(TRAILER_SIGNATURE);
  found.delete(TRAILER_SIGNATURE);
  const isExpected = found.size === expected.length && expected.every((name) => found.has(name));
  if (!isExpected || (signature === undefined) !== (signer === undefined)) throw new S3Error('MalformedTrailerError');
  signer?.checkTrailer(signature ?? '', [...found].map(([name, value]) => `${name}:${value}\n`).join(''));
  return found;
}

/**
 * Some clients end a value by a line feed and then the line, and leave the empty line at the end out. '' at the end. The body's
 * own length says that nothing is missing.
 */
async function trailerLine(reader: ByteReader): Promise<string> {
  if (await reader.isAtEnd()) return '';
  const line = await reader.rawLine(MAX_LINE_BYTES);
  if (line.endsWith('\r')) return line.slice(0, -1);
  if ((await reader.line(MAX_LINE_BYTES)) !== '') throw malformed();
  return line;
}
