import { createHash } from 'node:crypto';
import { seededRandom } from '@mirror/testing';

/** One upload of a faults run: its bytes are like no other's, so that a version tells which upload it is of. */
export interface PlannedUpload {
  readonly index: number;
  readonly key: string;
  /** One PutObject, or the parts of a multipart upload. */
  readonly parts: readonly number[];
}

const MIB = 1024 * 1024;

/**
 * Uploads of mixed sizes, from none to some megabytes in parts, a good third of them overwrites. Those of a key are put one
 * after the other, by one client, so that their order is known. The same seed plans the same.
 */
export function planUploads(seed: number, count: number): PlannedUpload[] {
  const random = seededRandom(seed);
  const keys = Math.max(1, Math.ceil(count * 0.6));
  return Array.from({ length: count }, (_, index) => {
    const key = `faults/${String(Math.floor(random() * keys)).padStart(5, '0')} é+.bin`;
    return { index, key, parts: partsOf(random(), random()) };
  });
}

function partsOf(kind: number, size: number): number[] {
  if (kind < 0.03) return [0];
  if (kind < 0.6) return [Math.ceil(size * 2_000)];
  if (kind < 0.985) return [Math.ceil(size * 200_000)];
  return [5 * MIB, 5 * MIB, Math.ceil(size * MIB)];
}

/** The bytes of a part: the upload's name, then noise. An upload of no bytes is told by its metadata. */
export function bytesOf(seed: number, { index }: PlannedUpload, part: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const noise = createHash('sha512').update(`${seed}/${index}/${part}`).digest();
  for (let at = 0; at < size; at += noise.length) noise.copy(bytes, at);
  bytes.write(`${seed}/${index}/${part};`, 0, 'latin1');
  return bytes;
}
