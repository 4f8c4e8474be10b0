import { describe, expect, it } from 'vitest';
import { readByKey } from './read-by-key.js';

const documents = ['a1', 'a2', 'b1', 'b2', 'b3', 'c1', 'd1'];
const keyOf = (document: string): string => document.charAt(0);

/** Reads these keys as the database would, and tells which were read one by one. */
async function read(keys: readonly string[], limit: number) {
  const singles: string[] = [];
  const of = (some: readonly string[]) => documents.filter((document) => some.includes(keyOf(document)));
  const found = await readByKey(
    keys,
    limit,
    keyOf,
    async (some, most) => of(some).slice(0, most),
    async (key) => {
      singles.push(key);
      return of([key]);
    },
  );
  return { found, singles };
}

describe('documents of several keys', () => {
  it('are read by one query, and those of a key that has none are none', async () => {
    const { found, singles } = await read(['c', 'a', 'x'], 10);
    expect([...found]).toEqual([
      ['a', ['a1', 'a2']],
      ['c', ['c1']],
    ]);
    expect(singles).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('are whole, wherever the query was cut: after %i', async (limit) => {
    const { found } = await read(['d', 'c', 'b', 'a'], limit);
    for (const key of ['a', 'b', 'c', 'd']) {
      expect(found.get(key)).toEqual(documents.filter((document) => keyOf(document) === key));
    }
  });

  it('before the cut are not read a second time', async () => {
    expect((await read(['d', 'c', 'b', 'a'], 4)).singles).toEqual(['d', 'c', 'b']);
  });
});
