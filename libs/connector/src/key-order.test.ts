import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeyBytes, isSurelyAfter } from './key-order.js';

const anyKey = fc.string({ unit: 'binary', maxLength: 8 });

describe('the order of keys', () => {
  it('is that of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(anyKey, anyKey, (a, b) => {
        expect(Math.sign(compareKeyBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 2000 },
    );
  });

  it('puts characters beyond the Basic Multilingual Plane after those of U+E000 to U+FFFF', () => {
    expect(compareKeyBytes('\u{10000}', '\uffee')).toBeGreaterThan(0);
    expect(isSurelyAfter('\u{10000}', '\uffee')).toBe(false);
    expect(isSurelyAfter('\uffee', '\u{10000}')).toBe(false);
    expect(isSurelyAfter('b', 'a')).toBe(true);
  });
});
