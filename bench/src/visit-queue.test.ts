import fc from 'fast-check';
import { expect, it } from 'vitest';
import { VisitQueue } from './visit-queue.js';

it('gives visits back by their time, whatever the order they came in', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true })), (times) => {
      const queue = new VisitQueue();
      for (const [index, at] of times.entries()) queue.push(at, index);
      const given = Array.from(times, () => queue.pop()?.at);
      expect(given).toEqual(times.toSorted((a, b) => a - b));
      expect(queue.pop()).toBeUndefined();
    }),
  );
});
