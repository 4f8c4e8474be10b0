import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c, crc64nvme } from './crc.js';

const CHECKED = Buffer.from('123456789');

function digest(create: typeof crc32c, ...pieces: readonly Uint8Array[]): string {
  const crc = create();
  for (const piece of pieces) crc.update(piece);
  return crc.digest().toString('hex');
}

/** Bit by bit, as the definition has it. */
function slow(bytes: Uint8Array, polynomial: bigint, width: bigint): string {
  const ones = (1n << width) - 1n;
  let crc = ones;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
  }
  return (crc ^ ones).toString(16).padStart(Number(width / 4n), '0');
}

describe.each([
  ['CRC-32C', crc32c, 'e3069283', '00000000', 0x82f63b78n, 32n],
  ['CRC-64/NVME', crc64nvme, 'ae8b14860a799888', '0000000000000000', 0x9a6c9329ac4bc9b5n, 64n],
] as const)('%s', (_name, create, check, empty, polynomial, width) => {
  it('has the published check value, and none of nothing', () => {
    expect(digest(create, CHECKED)).toBe(check);
    expect(digest(create)).toBe(empty);
  });

  it('is what its definition says, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), (pieces) => {
        expect(digest(create, ...pieces)).toBe(slow(Buffer.concat(pieces), polynomial, width));
      }),
    );
  });
});
