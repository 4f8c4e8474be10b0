import { seededRandom } from '@mirror/testing';
import { describe, expect, it } from 'vitest';
import { chooseDue } from './choose-due.js';

const dueOf = (opens: readonly boolean[]) =>
  opens.map((open, index) => ({ segment: { open }, applied: true, name: index }));

describe('the choice among what is due', () => {
  it('takes no more than it may, each once', () => {
    const chosen = chooseDue(dueOf(Array(20).fill(false)), 6, seededRandom(1)).map(({ name }) => name);
    expect(new Set(chosen).size).toBe(6);
    expect(chooseDue(dueOf([false]), 6, seededRandom(1))).toHaveLength(1);
  });

  it('begins with what nobody has listed to its end', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const chosen = chooseDue(dueOf([false, true, false, true, false]), 3, seededRandom(seed));
      expect(chosen.slice(0, 2).every(({ segment }) => segment.open)).toBe(true);
    }
  });

  it('is seldom the same for two pollers that find the same', () => {
    const random = seededRandom(1);
    const due = dueOf(Array(16).fill(false));
    let same = 0;
    for (let round = 0; round < 1_000; round += 1) {
      const [first, second] = [chooseDue(due, 1, random), chooseDue(due, 1, random)];
      if (first[0]?.name === second[0]?.name) same += 1;
    }
    expect(same).toBeLessThan(120);
  });
});
