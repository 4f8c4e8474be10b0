import { expect, it } from 'vitest';
import { readPage } from './read-page.js';

const records = Array.from({ length: 1_500 }, (_, n) => ({ _id: String(n).padStart(4, '0'), mirrorId: `m${n % 2}` }));

const find = async (limit: number, after = '', mirrorId?: string) =>
  records
    .filter((record) => record._id > after && (mirrorId === undefined || record.mirrorId === mirrorId))
    .slice(0, limit + 1);

const idsOf = async (query: Parameters<typeof readPage>[0]) => {
  const { items, next } = await readPage(query, find);
  return { ids: items.map(({ _id }) => _id), next };
};

it('goes through all records, each once, and says at the last page that it is the last', async () => {
  const seen: string[] = [];
  for (let after: string | null = '', pages = 0; after !== null; pages += 1) {
    expect(pages).toBeLessThan(4);
    const page: Awaited<ReturnType<typeof idsOf>> = await idsOf({ limit: '500', after });
    seen.push(...page.ids);
    after = page.next;
  }
  expect(seen).toEqual(records.map(({ _id }) => _id));
});

it('is of one mirror, when it is asked for', async () => {
  expect(await idsOf({ limit: '2', after: '0003', mirrorId: 'm1' })).toEqual({ ids: ['0005', '0007'], next: '0007' });
});

it.each([
  [undefined, 100],
  ['0', 1],
  ['-3', 1],
  ['many', 1],
  ['1000000', 1_000],
])('with the limit %j has %d records', async (limit, count) => {
  expect((await idsOf(limit === undefined ? {} : { limit })).ids).toHaveLength(count);
});
