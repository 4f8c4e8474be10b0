import { type ChecksumAlgorithm, createChecksum } from '../body/checksums.js';
import { combineChecksums } from '../body/combine-crc.js';
import { S3Error } from '../protocol/errors.js';
import type { CompletedPart } from '../protocol/request-documents.js';
import type { MultipartUpload, UploadPart } from '../uploads/multipart-uploads.js';

/** S3's least size of every part but the last. */
const MIN_PART_BYTES = 5 * 1024 * 1024;
/** S3's largest object. */
const MAX_OBJECT_BYTES = 5 * 1024 ** 4;

/**
 * The parts that a completion lists, out of those that were uploaded. Throws InvalidPartOrder, InvalidPart for one that is not
 * there or another than listed, EntityTooSmall, EntityTooLarge.
 */
export function chooseParts(
  listed: readonly CompletedPart[],
  known: readonly UploadPart[],
  UploadId: string,
): readonly UploadPart[] {
  const byNumber = new Map(known.map((part) => [part._id.n, part]));
  const isAscending = listed.every(({ number }, index) => index === 0 || (listed[index - 1]?.number ?? 0) < number);
  if (!isAscending) throw new S3Error('InvalidPartOrder', { elements: { UploadId } });
  const chosen = listed.map((wanted) => {
    const part = byNumber.get(wanted.number);
    if (part !== undefined && part.md5 === wanted.etag.toLowerCase() && hasChecksums(part, wanted)) return part;
    throw new S3Error('InvalidPart', { elements: { UploadId, PartNumber: wanted.number, ETag: wanted.etag } });
  });
  checkSizes(chosen);
  return chosen;
}

function checkSizes(parts: readonly UploadPart[]): void {
  const small = parts.slice(0, -1).find(({ size }) => size < MIN_PART_BYTES);
  if (small !== undefined) {
    const elements = {
      ProposedSize: small.size,
      MinSizeAllowed: MIN_PART_BYTES,
      PartNumber: small._id.n,
      ETag: small.md5,
    };
    throw new S3Error('EntityTooSmall', { elements });
  }
  const ProposedSize = parts.reduce((sum, { size }) => sum + size, 0);
  if (ProposedSize <= MAX_OBJECT_BYTES) return;
  throw new S3Error('EntityTooLarge', { elements: { ProposedSize, MaxSizeAllowed: MAX_OBJECT_BYTES } });
}

/** What a completion repeats of a part's checksum; one of an algorithm that the part does not have is not judged. */
function hasChecksums({ checksum }: UploadPart, { checksums }: CompletedPart): boolean {
  const said = checksum === null ? undefined : checksums.get(elementName(checksum.algorithm));
  return said === undefined || said === checksum?.value;
}

/** As documents call it: ChecksumCRC32, ChecksumSHA1, … */
export const elementName = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm.toUpperCase()}`;

/** Of the whole object, of the kind that its upload asked for; undefined where it asked for none. */
export function wholeChecksum({ checksum: kind }: MultipartUpload, parts: readonly UploadPart[]): string | undefined {
  if (kind === null) return undefined;
  const checksums = parts.map(({ size, checksum }) => ({ size, value: Buffer.from(checksum?.value ?? '', 'base64') }));
  if (kind.type === 'FULL_OBJECT') return combineChecksums(kind.algorithm, checksums).toString('base64');
  const composite = createChecksum(kind.algorithm);
  for (const { value } of checksums) composite.update(value);
  return `${composite.digest().toString('base64')}-${parts.length}`;
}
