import { expect, it } from 'vitest';
import { quantile } from './statistics.js';

it('finds quantiles by nearest rank, in any order of the values', () => {
  const values = [40, 10, 30, 20];
  expect([0, 0.25, 0.5, 0.95, 1].map((share) => quantile(values, share))).toEqual([10, 10, 20, 40, 40]);
  expect(quantile([7], 0.5)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow('no values');
});
