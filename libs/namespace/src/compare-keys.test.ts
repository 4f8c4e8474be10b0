import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, hasAmbiguousOrder } from './compare-keys.js';

const key = fc.string({ unit: 'binary', maxLength: 12 });

describe('compareKeys', () => {
  it('orders any two keys as their UTF-8 bytes do', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it('puts a character beyond the Basic Multilingual Plane after U+FFFF, where UTF-16 does not', () => {
    expect(compareKeys('\u{1F600}', '\uFFFF')).toBeGreaterThan(0);
    expect('\u{1F600}' < '\uFFFF').toBe(true);
  });
});

describe('hasAmbiguousOrder', () => {
  it('is false only for keys that every neighbour is ordered to alike', () => {
    fc.assert(
      fc.property(key, key, (boundary, other) => {
        if (hasAmbiguousOrder(boundary)) return;
        expect(boundary < other).toBe(compareKeys(boundary, other) < 0);
      }),
    );
  });
});
