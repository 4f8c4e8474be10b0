import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { S3Error } from '../protocol/errors.js';
import { headerValue, type S3Request } from '../protocol/s3-request.js';
import { crc32c, crc64nvme } from './crc.js';

/** A running checksum over what an upload holds. */
export interface Checksum {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

/** Every algorithm of S3's checksums that is verified here, with the bytes of its value. */
const ALGORITHMS = {
  crc32: { bytes: 4, create: crc32Checksum },
  crc32c: { bytes: 4, create: crc32c },
  crc64nvme: { bytes: 8, create: crc64nvme },
  sha1: { bytes: 20, create: () => createHash('sha1') },
  sha256: { bytes: 32, create: () => createHash('sha256') },
} as const satisfies Record<string, { bytes: number; create: () => Checksum }>;

export type ChecksumAlgorithm = keyof typeof ALGORITHMS;

/** What a client says its bytes add up to. `value` undefined: it comes in the body's trailer. */
export interface ChecksumClaim {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: Buffer | undefined;
}

export const createChecksum = (algorithm: ChecksumAlgorithm): Checksum => ALGORITHMS[algorithm].create();

const PREFIX = 'x-amz-checksum-';
/** Headers of that prefix which are no checksum. */
const OTHERS = new Set(['type', 'algorithm', 'mode']);

export const checksumHeader = (algorithm: ChecksumAlgorithm): string => PREFIX + algorithm;

/** The checksum in a request's headers, or the one that its trailer will have. Throws InvalidRequest; undefined: none. */
export function readChecksumClaim(request: S3Request): ChecksumClaim | undefined {
  const headers = [...request.headers.keys()].filter(isChecksum);
  const trailers = readTrailerNames(request).filter(isChecksum);
  const [name, ...others] = [...headers, ...trailers];
  if (others.length > 0) {
    throw invalid('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');
  }
  if (name === undefined) {
    if (headerValue(request, 'x-amz-sdk-checksum-algorithm') === undefined) return undefined;
    throw invalid(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  const algorithm = toAlgorithm(name.slice(PREFIX.length));
  const value = headerValue(request, name);
  return { algorithm, value: value === undefined ? undefined : parseChecksum(algorithm, value) };
}

/** The names that x-amz-trailer announces, in lower case. */
export function readTrailerNames(request: S3Request): readonly string[] {
  const names = (headerValue(request, 'x-amz-trailer') ?? '').split(',');
  return names.map((name) => name.trim().toLowerCase()).filter((name) => name !== '');
}

/** Reads a value in base64. Throws InvalidRequest for one that this algorithm can't have. */
export function parseChecksum(algorithm: ChecksumAlgorithm, text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === ALGORITHMS[algorithm].bytes && bytes.toString('base64') === text) return bytes;
  throw invalid(`Value for ${checksumHeader(algorithm)} header is invalid.`);
}

/** Names as clients write them, in any case. Throws InvalidRequest for one that there is not. */
export function toAlgorithm(name: string): ChecksumAlgorithm {
  const lower = name.toLowerCase();
  if (isAlgorithm(lower)) return lower;
  throw invalid(
    `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${Object.keys(ALGORITHMS).join(', ').toUpperCase()}]`,
  );
}

const isAlgorithm = (name: string): name is ChecksumAlgorithm => Object.hasOwn(ALGORITHMS, name);

const isChecksum = (name: string): boolean => name.startsWith(PREFIX) && !OTHERS.has(name.slice(PREFIX.length));

const invalid = (message: string): S3Error => new S3Error('InvalidRequest', { message });

/** The one that Node has itself. */
function crc32Checksum(): Checksum {
  let crc = 0;
  return {
    update: (bytes) => {
      crc = crc32(bytes, crc);
    },
    digest: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc);
      return bytes;
    },
  };
}
