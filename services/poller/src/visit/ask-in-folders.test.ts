import { compareKeys } from '@mirror/namespace';
import { seededRandom } from '@mirror/testing';
import { describe, expect, it } from 'vitest';
import { afterPrefix, highestBetween, inFolder } from './ask-in-folders.js';

describe('what follows a key', () => {
  it.each([
    ['', {}],
    ['top', { keyMarker: 'top' }],
    ['a/b/c', { keyMarker: 'a/b/c', prefix: 'a/b/' }],
    ['a/b/', { keyMarker: 'a/b/', prefix: 'a/b/' }],
  ])('%j is asked for in its folder', (key, expected) => {
    expect(inFolder(key, 20)).toEqual({ ...expected, maxKeys: 20 });
  });

  it('of a whole folder is what begins with the next name, and then what follows that one in the folder above', () => {
    const besides = afterPrefix('a/b/', 'a/b/c', 20);
    expect(besides).toEqual({ prefix: 'a/b0', maxKeys: 20 });
    expect(afterPrefix('a/b0', 'a/b/c', 20)).toEqual({ prefix: 'a/', keyMarker: 'a/b0', maxKeys: 20 });
    expect(afterPrefix('a/b0', 'a/b0x', 20)).toEqual({ prefix: 'a/', keyMarker: 'a/b0x', maxKeys: 20 });
    expect(afterPrefix('a/b0', 'a/b0/x', 20)).toEqual({ prefix: 'a/b0/', keyMarker: 'a/b0/x', maxKeys: 20 });
    expect(afterPrefix('a0', undefined, 20)).toEqual({ keyMarker: 'a0', maxKeys: 20 });
  });
});

describe('the highest string between two keys', () => {
  it.each([
    ['a/b/c', 'd', 'a0'],
    ['a/b/c', 'a/d', 'a/b0'],
    ['a/b/c', 'a/b/d', 'a/b/c'],
    ['a/b/c', 'a0', 'a/b0'],
    ['a/b', 'a0', 'a/b'],
    ['a', 'b', 'a'],
  ])('%j and %j is %j', (key, next, expected) => {
    expect(highestBetween(key, next)).toBe(expected);
  });

  it('is between them, in no more folders than either needs', () => {
    const random = seededRandom(3);
    const name = () => 'ab0-é'.charAt(Math.floor(random() * 5)) + 'x/'.charAt(Math.floor(random() * 2));
    const keyOf = () => `${Array.from({ length: 1 + Math.floor(random() * 4) }, name).join('')}k`;
    const foldersOf = (key: string) => key.split('/').length;
    for (let index = 0; index < 5_000; index += 1) {
      const [key = '', next = ''] = [keyOf(), keyOf()].toSorted(compareKeys);
      if (key === next) continue;
      const between = highestBetween(key, next);
      expect(compareKeys(key, between)).toBeLessThanOrEqual(0);
      expect(compareKeys(between, next)).toBeLessThan(0);
      expect(foldersOf(between)).toBeLessThanOrEqual(foldersOf(key));
    }
  });
});
