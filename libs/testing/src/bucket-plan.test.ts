import { describe, expect, it } from 'vitest';
import { planBucket, standardShape } from './bucket-plan.js';

const writesOf = (plan: ReturnType<typeof planBucket>) => plan.flatMap(({ writes }) => writes);

describe('planBucket', () => {
  const plan = planBucket(standardShape);

  it('plans exactly the versions asked for, in the shape asked for', () => {
    expect(writesOf(plan)).toHaveLength(20_000);
    expect(plan[0]?.writes).toHaveLength(1_200);
    expect(plan.filter(({ startsUnversioned }) => startsUnversioned)).toHaveLength(300);
    const keys = plan.length - 1;
    const overwritten = plan.slice(1).filter(({ writes }) => writes.filter(({ kind }) => kind === 'put').length > 1);
    const deleted = plan.filter(({ writes }) => writes.some(({ kind }) => kind === 'delete'));
    expect(overwritten.length / keys).toBeCloseTo(0.2, 1);
    expect(deleted.length / keys).toBeCloseTo(0.05, 1);
  });

  it('is the same for the same seed, another for another', () => {
    expect(planBucket(standardShape)).toEqual(plan);
    expect(planBucket({ ...standardShape, seed: 2 })).not.toEqual(plan);
  });

  it('never uses a key twice, nor one as the folder of another', () => {
    const keys = plan.map(({ key }) => key);
    const known = new Set(keys);
    expect(known.size).toBe(keys.length);
    const folders = keys.flatMap((key) => key.split('/').map((_, depth, parts) => parts.slice(0, depth).join('/')));
    expect(folders.filter((folder) => known.has(folder))).toEqual([]);
  });

  it('holds decomposed beside composed letters, and astral keys only on request', () => {
    const keys = plan.map(({ key }) => key);
    expect(keys.some((key) => key.includes('\u00e9'))).toBe(true);
    expect(keys.some((key) => key.includes('e\u0301'))).toBe(true);
    const isAstral = (key: string) => /\p{Extended_Pictographic}/u.test(key);
    expect(keys.some(isAstral)).toBe(false);
    expect(planBucket({ ...standardShape, astralKeys: true }).some(({ key }) => isAstral(key))).toBe(true);
  });

  it('keeps to a few versions when few are asked for', () => {
    expect(writesOf(planBucket({ ...standardShape, versions: 50, hotKeyVersions: 10 }))).toHaveLength(50);
  });
});
