import { describe, expect, it } from 'vitest';
import { locationOf, pageOfConstraints } from './location-constraints.js';

const locations = [
  { _id: 'a', bucketMatch: true },
  { _id: 'a-b', bucketMatch: false },
  { _id: 'c', bucketMatch: true },
];
/** As the controller reads them: from the cursor's location on, two more than the page holds. */
const read = (limit: number, after?: string) =>
  pageOfConstraints(
    locations.filter(({ _id }) => after === undefined || _id >= locationOf(after)).slice(0, limit + 2),
    { limit, after },
  );

describe('location constraints', () => {
  it('offer a location without prefix twice', () => {
    expect(read(100)).toEqual({
      items: [
        { value: 'a', label: 'a' },
        { value: 'a:ingest', label: 'a (Mirror mode)' },
        { value: 'a-b', label: 'a-b' },
        { value: 'c', label: 'c' },
        { value: 'c:ingest', label: 'c (Mirror mode)' },
      ],
      next: null,
    });
  });

  it.each([1, 2, 3, 4, 5])('are the same in pages of %i', (limit) => {
    const values: string[] = [];
    let after: string | undefined;
    do {
      const page = read(limit, after);
      values.push(...page.items.map(({ value }) => value));
      expect(page.items.length).toBeLessThanOrEqual(limit);
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(values).toEqual(['a', 'a:ingest', 'a-b', 'c', 'c:ingest']);
  });

  it('go on after a location that was deleted meanwhile', () => {
    expect(read(10, 'b:ingest').items.map(({ value }) => value)).toEqual(['c', 'c:ingest']);
  });
});
