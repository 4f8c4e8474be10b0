import type { ChecksumAlgorithm } from './checksums.js';

/** Bit-reversed polynomials of the checksums that can be put together from those of parts, without the bytes. */
const POLYNOMIALS: Partial<Record<ChecksumAlgorithm, { readonly polynomial: bigint; readonly bytes: number }>> = {
  crc32: { polynomial: 0xedb88320n, bytes: 4 },
  crc32c: { polynomial: 0x82f63b78n, bytes: 4 },
  crc64nvme: { polynomial: 0x9a6c9329ac4bc9b5n, bytes: 8 },
};

export interface PartChecksum {
  readonly size: number;
  readonly value: Buffer;
}

export const isCombinable = (algorithm: ChecksumAlgorithm): boolean => POLYNOMIALS[algorithm] !== undefined;

/**
 * The checksum of all parts' bytes one after the other. Appending n bytes multiplies a remainder by x^8n: polynomials over two
 * elements, modulo the checksum's own. Only for what `isCombinable`.
 */
export function combineChecksums(algorithm: ChecksumAlgorithm, parts: readonly PartChecksum[]): Buffer {
  const { polynomial = 0n, bytes = 0 } = POLYNOMIALS[algorithm] ?? {};
  const field = new Field(polynomial, BigInt(bytes * 8));
  let combined = 0n;
  for (const { size, value } of parts) {
    combined = field.multiply(field.shiftOf(size), combined) ^ BigInt(`0x${value.toString('hex')}`);
  }
  return Buffer.from(combined.toString(16).padStart(bytes * 2, '0'), 'hex');
}

/** Polynomials of a degree below `width`, their highest bit being x^0. */
class Field {
  readonly #one: bigint;
  /** By number of bytes: most parts of an upload have one size. */
  readonly #shifts = new Map<number, bigint>();

  constructor(
    private readonly polynomial: bigint,
    width: bigint,
  ) {
    this.#one = 1n << (width - 1n);
  }

  multiply(a: bigint, b: bigint): bigint {
    let product = 0n;
    let factor = b;
    for (let bit = this.#one; bit > 0n; bit >>= 1n) {
      if (a & bit) product ^= factor;
      factor = factor & 1n ? (factor >> 1n) ^ this.polynomial : factor >> 1n;
    }
    return product;
  }

  /** x to the power of eight times `size`. */
  shiftOf(size: number): bigint {
    const known = this.#shifts.get(size);
    if (known !== undefined) return known;
    let shift = this.#one;
    let square = this.#one >> 8n; // x^8
    for (let left = BigInt(size); left > 0n; left >>= 1n) {
      if (left & 1n) shift = this.multiply(shift, square);
      square = this.multiply(square, square);
    }
    this.#shifts.set(size, shift);
    return shift;
  }
}
