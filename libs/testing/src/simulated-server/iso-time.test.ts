import { describe, expect, it } from 'vitest';
import { isoTime } from './iso-time.js';
import { mix } from './mix.js';

describe('a time of the simulated server', () => {
  it('is written as by the language itself', () => {
    for (let index = 0; index < 5_000; index += 1) {
      const ms = mix(1, index) * 600 + (index % 1_000);
      expect(isoTime(ms)).toBe(new Date(ms).toISOString());
    }
  });
});
