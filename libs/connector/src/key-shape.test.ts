import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyShape } from './key-shape.js';

function shapeOf(...keys: string[]): KeyShape {
  const shape = new KeyShape();
  for (const key of keys) shape.learn(key);
  return shape;
}

describe('KeyShape', () => {
  it('takes any digit to be possible where one was seen', () => {
    expect(shapeOf('obj-0001').after('obj-0')).toBe('0123456789');
  });

  it('takes letters to be possible that stand beside digits elsewhere in the same token', () => {
    expect(shapeOf('00af', '0b3c').after('')).toBe('0123456789abcf');
  });

  it('keeps to what was seen once a token has come up under another beginning', () => {
    const shape = shapeOf('2024/01/x', '2024/12/x', '2025/01/x');
    expect(shape.after('2026/')).toBe('01');
    expect(shape.after('2026/1')).toBe('0123456789'); // seen under one year only
  });

  it('takes any letter that a token begins with to begin a word, and none inside one but those that were seen', () => {
    const shape = shapeOf('docs/media/tmp', 'docs/raw/video');
    expect(shape.after('')).toBe('cdmorstv');
    expect(shape.after('do')).toBe('c');
    expect(shape.after('m')).toBe('');
  });

  it('takes letters to be no word where nearly all of them were seen at one place', () => {
    const letters = 'abcdefghijklmnopqrstuvwx';
    expect(shapeOf(...[...letters].map((letter) => `k${letter}`)).after('zz')).toBe('');
    expect(shapeOf(...[...letters].map((letter) => `k${letter}`)).after('z')).toBe(letters);
  });

  it('does not take what follows one separator to follow another', () => {
    const shape = shapeOf('docs/team-a/x', 'raw/team-b/x', 'raw/tmp/video');
    expect(shape.after('old/team-')).toBe('ab');
  });

  it('knows nothing of places that it has not seen', () => {
    expect(shapeOf('a/b').after('a/b/c/')).toBe('');
  });

  it('never offers a character whose order depends on the endpoint', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 12 })),
        fc.string({ unit: 'binary' }),
        (keys, key) => {
          const offered = shapeOf(...keys, key).after(key.slice(0, key.length >> 1));
          expect(offered).not.toMatch(/[^\u0020-\uD7FF]/);
          expect([...offered]).toEqual([...new Set(offered)].sort());
        },
      ),
    );
  });

  it('stays small, whatever the keys', () => {
    const shape = new KeyShape();
    for (let index = 0; index < 20_000; index += 1) shape.learn(`${(index * 7_919) % 1_000_003}/${index}`);
    expect(Object.values(shape).reduce((sum, map) => sum + map.size, 0)).toBeLessThan(6_000);
  });
});
