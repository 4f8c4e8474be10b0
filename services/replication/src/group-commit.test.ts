import { describe, expect, it } from 'vitest';
import { GroupCommit } from './group-commit.js';

/** Groups that the test ends, one by one. */
function gated(most = 10) {
  const groups: { items: readonly number[]; end: PromiseWithResolvers<void> }[] = [];
  const commit = new GroupCommit(async (items: readonly number[]) => {
    const end = Promise.withResolvers<void>();
    groups.push({ items, end });
    await end.promise;
    return items.map((item) => item * 10);
  }, most);
  const began = async (count: number) => {
    while (groups.length < count) await new Promise(setImmediate);
  };
  return { commit, groups, began };
}

describe('requests that are made at the same time', () => {
  it('go together, each with its own answer', async () => {
    const { commit, groups, began } = gated();
    const answers = Promise.all([1, 2, 3].map((item) => commit.run(item)));
    await began(1);
    expect(groups[0]?.items).toEqual([1, 2, 3]);
    groups[0]?.end.resolve();
    expect(await answers).toEqual([10, 20, 30]);
  });

  it('wait while one is under way, and go together in the next, no more than are allowed', async () => {
    const { commit, groups, began } = gated(2);
    const first = commit.run(1);
    await began(1);
    const others = Promise.all([2, 3, 4].map((item) => commit.run(item)));
    await new Promise(setImmediate);
    expect(groups).toHaveLength(1);
    for (const count of [1, 2, 3]) {
      await began(count);
      groups[count - 1]?.end.resolve();
    }
    expect([await first, ...(await others)]).toEqual([10, 20, 30, 40]);
    expect(groups.map(({ items }) => items)).toEqual([[1], [2, 3], [4]]);
  });

  it('are tried by themselves where their group fails, so that one that cannot be done holds up no other', async () => {
    const groups: (readonly number[])[] = [];
    const commit = new GroupCommit(async (items: readonly number[]) => {
      groups.push(items);
      if (items.includes(2)) throw new Error('two');
      return items.map((item) => item * 10);
    }, 10);
    const answers = await Promise.allSettled([1, 2, 3].map((item) => commit.run(item)));
    expect(answers).toMatchObject([{ value: 10 }, { reason: { message: 'two' } }, { value: 30 }]);
    expect(groups).toEqual([[1, 2, 3], [1], [2], [3]]);
    expect(await commit.run(4)).toBe(40);
  });

  it('under load wait some time for others, unless as many as fit are there', async () => {
    const groups: (readonly number[])[] = [];
    const paced = (most: number, paceMs: number) =>
      new GroupCommit(
        async (items: readonly number[]) => {
          groups.push(items);
          return items;
        },
        most,
        paceMs,
      );
    const slow = paced(10, 500);
    await slow.run(1);
    const second = slow.run(2);
    await new Promise(setImmediate);
    await Promise.all([second, slow.run(3)]);
    const small = paced(2, 60_000);
    await small.run(4);
    await Promise.all([small.run(5), small.run(6)]);
    expect(groups).toEqual([[1], [2, 3], [4], [5, 6]]);
  });
});
