import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PlannedSegment, planMerges } from './plan-merges.js';

const limits = { target: 990, longestRun: 100 };

async function planOf(
  counts: readonly (number | null)[],
  longestRun = 100,
  filled: number | null = null,
): Promise<string[][]> {
  async function* segments(): AsyncGenerator<PlannedSegment> {
    for (const [index, count] of counts.entries())
      yield { after: `${index}`, count: count ?? 0, filled, settled: count !== null };
  }
  const runs: string[][] = [];
  for await (const run of planMerges(segments(), { ...limits, longestRun })) runs.push([...run]);
  return runs;
}

describe('a plan of merges', () => {
  it('joins two that fit into one', async () => {
    expect(await planOf([990, 400, 590, 990])).toEqual([['1', '2']]);
  });

  it('leaves full segments alone, and two halves that are more than one', async () => {
    expect(await planOf([990, 990, 500, 501, 990])).toEqual([]);
  });

  it('joins over full segments what is missing in several', async () => {
    expect(await planOf([990, 500, 990, 990, 480, 990])).toEqual([['1', '2', '3', '4']]);
  });

  it('joins an empty one with its neighbour, however full that is', async () => {
    expect(await planOf([990, 0])).toEqual([['0', '1']]);
    expect(await planOf([0, 990, 990])).toEqual([['0', '1']]);
    expect(await planOf([995, 0, 980])).toEqual([['1', '2']]);
  });

  it('leaves alone what was filled as far as its keys allow, until keys go', async () => {
    expect(await planOf([600, 600, 600, 600], 100, 600)).toEqual([]);
    expect(await planOf([100, 600, 110, 600], 100, 600)).toEqual([['0', '1', '2']]);
  });

  it('joins nothing over a key that fills more than a page', async () => {
    expect(await planOf([300, 1_500, 300])).toEqual([]);
  });

  it('joins nothing over a segment that is not settled, nor over more than the longest run', async () => {
    expect(await planOf([400, null, 400])).toEqual([]);
    expect(await planOf([500, 990, 990, 400], 3)).toEqual([]);
  });

  it('always saves a segment, and leaves less than one to save in any run', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 60 }), async (counts) => {
        const runs = await planOf(counts);
        const sum = (run: readonly string[]) => run.reduce((total, after) => total + (counts[Number(after)] ?? 0), 0);
        for (const run of runs) expect(run.length).toBeGreaterThan(1);
        for (const run of runs) expect(sum(run)).toBeLessThanOrEqual((run.length - 1) * limits.target);
        const all = runs.flat().map(Number);
        expect(all).toEqual([...new Set(all)].sort((a, b) => a - b));
        for (const run of runs) expect(Number(run.at(-1)) - Number(run[0])).toBe(run.length - 1);
      }),
    );
  });
});
