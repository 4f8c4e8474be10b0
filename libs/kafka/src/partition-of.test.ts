import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { expect, it } from 'vitest';
import { murmur2, partitionOf } from './partition-of.js';

const partitionMetadata = Array.from({ length: 6 }, (_, partitionId) => ({
  partitionId,
  leader: 1,
  partitionErrorCode: 0,
  replicas: [1],
  isr: [1],
}));

it.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('hashes %s as the Java client does', (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(hash);
});

it('chooses the partition that kafkajs chooses, for any key', () => {
  const kafkajsPartition = Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.uint8Array({ maxLength: 60 })), (any) => {
      const key = typeof any === 'string' ? any : Buffer.from(any);
      const message = { key, value: '' };
      expect(partitionOf(key, 6)).toBe(kafkajsPartition({ topic: 't', partitionMetadata, message }));
    }),
    { numRuns: 500 },
  );
});
