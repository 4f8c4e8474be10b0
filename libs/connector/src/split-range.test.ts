import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeyBytes } from './key-order.js';
import { type OpenRest, RangeSplitter } from './split-range.js';

function splitterOf(keys: readonly string[]): RangeSplitter {
  const splitter = new RangeSplitter();
  for (const key of keys) splitter.shape.learn(key);
  return splitter;
}

const splitPoint = (rest: OpenRest, splitter: RangeSplitter): string | null => splitter.split(rest, 1)[0] ?? null;

const sequence = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `obj-${String(from + index).padStart(9, '0')}`);
const page = sequence(0, 984);
const rest: OpenRest = { first: 'obj-000000000', last: 'obj-000000984', listed: 985, end: null, beyond: 'unknown' };

describe('where a range is split', () => {
  it('halves a rest that keys follow', () => {
    const known: OpenRest = { ...rest, end: 'obj-000800000', beyond: 'keys' };
    expect(splitPoint(known, splitterOf(page))).toBe('obj-0004');
  });

  it('is in the middle of the scale, where nobody knows how far the keys go', () => {
    expect(splitPoint(rest, splitterOf(page))).toBe('obj-0005');
  });

  it('comes nearer with each guess that had nothing after it, and finds the end of a sequence in a few', () => {
    const splitter = splitterOf(page);
    const lastKey = 'obj-000012345';
    let guess: string | null = splitPoint(rest, splitter);
    let guesses = 1;
    while (guess !== null && guess > lastKey) {
      guess = splitPoint({ ...rest, end: guess, beyond: 'none' }, splitter);
      guesses += 1;
    }
    expect(guess).toMatch(/^obj-00000/);
    expect(guesses).toBeLessThanOrEqual(5);
  });

  it('is nowhere in a rest of a few pages', () => {
    expect(splitPoint({ ...rest, end: 'obj-000003', beyond: 'keys' }, splitterOf(page))).toBeNull();
  });

  it('is in a month that there is, where other years have shown the months', () => {
    const days = ['2025/01/01/a', '2025/12/31/a', '2025/03/30/a', '2024/11/09/a', '2024/02/17/a'];
    const dated: OpenRest = { first: '2026/01/01/a', last: '2026/01/02/b', listed: 985, end: null, beyond: 'unknown' };
    expect(splitPoint({ ...dated, end: '2026/5', beyond: 'none' }, splitterOf(days))).toMatch(/^2026\/(0[2-9]|1)/);
  });

  it('is nowhere when nothing is known of the keys', () => {
    expect(splitPoint(rest, new RangeSplitter())).toBeNull();
  });

  it('is at equal distances, where more than one worker is free', () => {
    const known: OpenRest = { ...rest, end: 'obj-000800000', beyond: 'keys' };
    expect(splitterOf(page).split(known, 3)).toEqual(['obj-0002', 'obj-0004', 'obj-0006']);
  });

  it('halves a rest, too, that ends where no key was seen to begin', () => {
    const names = ['admin', 'docs', 'legal', 'media', 'old', 'raw', 'tmp', 'video'];
    const keys = names.flatMap((name) => [`old/${name}/a`, `old/${name}/x`]);
    const odd: OpenRest = { first: 'old/legal/a', last: 'old/legal/x', listed: 985, end: 'oo', beyond: 'keys' };
    const splits = splitterOf(keys).split(odd, 3);
    expect(splits.length).toBeGreaterThan(0);
    for (const split of splits) expect(split).toMatch(/^old\/[m-v]/);
  });

  it('is at no place inside a word, where others begin differently', () => {
    const nested: OpenRest = {
      first: 'archive/admin/a',
      last: 'archive/admin/b',
      listed: 985,
      end: null,
      beyond: 'unknown',
    };
    const splits = splitterOf(['archive/admin/a', 'archive/admin/b', 'archive/docs/raw', 'archive/media/tmp']).split(
      nested,
      9,
    );
    expect(splits.length).toBeGreaterThan(1);
    for (const split of splits) expect(split).toMatch(/^(archive\/)?(admin\/)?[a-z]$/);
  });

  it('is at every place of the scale, where nobody knows how far the keys go and all are free', () => {
    const splits = splitterOf(page).split(rest, 15);
    expect(splits.length).toBeGreaterThan(4);
    expect(splits[0]).toMatch(/^obj-00000/);
    expect(splits.at(-1)).toMatch(/^o[a-z]/);
  });

  it('is nowhere in a rest that is small beside the others', () => {
    const small: OpenRest = { ...rest, end: 'obj-00002', beyond: 'keys' };
    const splitter = splitterOf(page);
    expect(splitter.split(small, 1)).not.toEqual([]);
    for (let other = 0; other < 4; other += 1) splitter.note({ ...rest, end: 'obj-0008' });
    expect(splitter.split(small, 1)).toEqual([]);
    for (let other = 0; other < 16; other += 1) splitter.note(small);
    expect(splitter.split(small, 1)).not.toEqual([]);
  });

  it('is always inside the rest, whatever the keys', () => {
    const key = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      fc.stringMatching(/^[0-9a-f/-]{1,12}$/),
    );
    const beyond = fc.constantFrom('keys' as const, 'none' as const, 'unknown' as const);
    fc.assert(
      fc.property(
        fc.array(key, { minLength: 2, maxLength: 40 }),
        fc.option(key),
        beyond,
        fc.nat(20),
        (keys, end, known, most) => {
          const sorted = keys.toSorted(compareKeyBytes);
          const [first = '', last = ''] = [sorted[0], sorted.at(-1)];
          fc.pre(end === null || compareKeyBytes(last, end) < 0);
          const open = { first, last, listed: keys.length, end, beyond: end === null ? ('unknown' as const) : known };
          const splitter = splitterOf(sorted);
          splitter.note(open);
          const splits = splitter.split(open, most);
          expect(splits.length).toBeLessThanOrEqual(most);
          const bounds = [last, ...splits, ...(end === null ? [] : [end])];
          expect(bounds).toEqual([...new Set(bounds)].toSorted(compareKeyBytes));
          for (const split of splits) expect(split.isWellFormed()).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
