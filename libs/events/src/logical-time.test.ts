import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareTimes } from './logical-time.js';

it('compares times as the 64-bit numbers that they are', () => {
  const time = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(
    fc.property(time, time, (a, b) => {
      expect(Math.sign(compareTimes(String(a), String(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});
