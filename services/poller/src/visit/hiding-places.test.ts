import { describe, expect, it } from 'vitest';
import { hidingPlacesOf } from './hiding-places.js';

describe('the places where keys may be hidden', () => {
  it('are none where no key has a character in U+E000 to U+FFFF, or only at its begin', () => {
    expect(hidingPlacesOf(['a', 'b/c', 'd/\u{1F600}', '\uFF21/x'])).toEqual([]);
  });

  it('begin before the characters that others are hidden beside', () => {
    expect(hidingPlacesOf(['p/\uE000', 'p/\uFF21/\uFF22'])).toEqual([{ prefix: 'p/', after: 'p/\uD7FF' }]);
  });

  it('are one for all folders that begin alike', () => {
    const keys = Array.from({ length: 500 }, (_, index) => `photos/${index}/\uFF21.jpg`);
    expect(hidingPlacesOf([...keys, 'z/\uFF21'])).toEqual([
      { prefix: 'photos/', after: 'photos/0/\uD7FF' },
      { prefix: 'z/', after: 'z/\uD7FF' },
    ]);
  });

  it('keep characters whole that the folders begin with', () => {
    expect(hidingPlacesOf(['\u{1F600}\uFF21', '\u{1F601}\uFF21'])).toEqual([
      { prefix: '\u{1F600}', after: '\u{1F600}\uD7FF' },
      { prefix: '\u{1F601}', after: '\u{1F601}\uD7FF' },
    ]);
  });
});
