import { S3Error } from './errors.js';

/** Both ends are part of it. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Reads a Range header for an object of `size` bytes. Undefined: the whole object, also for several ranges and for what is no
 * range at all, which S3 ignores. Throws InvalidRange where nothing of the range lies in the object.
 */
export function readByteRange(header: string | undefined, size: number): ByteRange | undefined {
  const [match, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? [];
  if (match === undefined || (first === '' && last === '')) return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const range =
    first === ''
      ? { first: Math.max(0, size - Number(last)), last: size - 1 }
      : { first: Number(first), last: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
  if (range.first < size && range.first <= range.last) return range;
  throw new S3Error('InvalidRange', {
    elements: { RangeRequested: match, ActualObjectSize: size },
    headers: { 'content-range': `bytes */${size}` },
  });
}
