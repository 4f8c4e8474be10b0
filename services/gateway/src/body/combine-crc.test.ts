import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ChecksumAlgorithm, createChecksum } from './checksums.js';
import { combineChecksums, isCombinable } from './combine-crc.js';

const checksumOf = (algorithm: ChecksumAlgorithm, bytes: Uint8Array): Buffer => {
  const checksum = createChecksum(algorithm);
  checksum.update(bytes);
  return checksum.digest();
};

it.each(['crc32', 'crc32c', 'crc64nvme'] as const)('%s of parts is that of the whole', (algorithm) => {
  expect(isCombinable(algorithm)).toBe(true);
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), (pieces) => {
      const parts = pieces.map((piece) => ({ size: piece.length, value: checksumOf(algorithm, piece) }));
      const combined = combineChecksums(algorithm, parts).toString('hex');
      expect(combined).toBe(checksumOf(algorithm, Buffer.concat(pieces)).toString('hex'));
    }),
  );
});

it('a hash can not be put together', () => {
  expect(isCombinable('sha256')).toBe(false);
});
