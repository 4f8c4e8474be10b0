import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys } from './compare-keys.js';
import { afterPrefix, commonPrefixOf } from './key-prefix.js';

const text = fc.string({ unit: 'binary', maxLength: 4 });

describe('afterPrefix', () => {
  it('is after every text with the prefix, and not after the next text without it', () => {
    fc.assert(
      fc.property(text, text, text, (prefix, rest, other) => {
        const after = afterPrefix(prefix);
        if (after === undefined) {
          expect(prefix.replaceAll('\u{10ffff}', '')).toBe('');
          return;
        }
        expect(compareKeys(prefix + rest, after)).toBeLessThan(0);
        if (compareKeys(other, prefix) > 0 && !other.startsWith(prefix)) {
          expect(compareKeys(other, after)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it.each([
    ['', undefined],
    ['a', 'b'],
    ['a/', 'a0'],
    ['\u{d7ff}', '\u{e000}'],
    ['\u{ffff}', '\u{10000}'],
    ['a\u{10ffff}\u{10ffff}', 'b'],
    ['\u{10ffff}', undefined],
  ])('of %j is %j', (prefix, after) => {
    expect(afterPrefix(prefix)).toBe(after);
  });
});

describe('commonPrefixOf', () => {
  it.each([
    ['a/b/c', '', '/', 'a/'],
    ['a/b/c', 'a/', '/', 'a/b/'],
    ['a/b', 'a/', '/', undefined],
    ['a/', 'a/', '/', undefined],
    ['a//b', 'a/', '/', 'a//'],
    ['x--y--z', '', '--', 'x--'],
    ['x--y', 'x-', '--', undefined],
    ['a/b', '', '', undefined],
  ])('of %j below %j by %j is %j', (key, prefix, delimiter, expected) => {
    expect(commonPrefixOf(key, prefix, delimiter)).toBe(expected);
  });
});
