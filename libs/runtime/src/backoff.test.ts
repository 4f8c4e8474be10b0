import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.js';

const backoff = { baseMs: 100, maxMs: 10_000 };

describe('backoffMs', () => {
  it('doubles its ceiling with each attempt, up to the maximum', () => {
    expect([0, 1, 2, 20, 5_000].map((attempt) => backoffMs(attempt, backoff, 1))).toEqual([
      100, 200, 400, 10_000, 10_000,
    ]);
  });

  it('is never less than a tenth of the ceiling', () => {
    expect(backoffMs(3, backoff, 0)).toBe(80);
  });
});
