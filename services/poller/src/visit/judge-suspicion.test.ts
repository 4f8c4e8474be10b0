import { describe, expect, it } from 'vitest';
import { isSuspect } from './judge-suspicion.js';

const settings = { share: 0.5, floorVersions: 100 };

describe('isSuspect', () => {
  it.each([
    ['two of three objects deleted', 2, 0, 3, false],
    ['everything gone, as many as the floor', 100, 0, 100, false],
    ['everything gone, one more than the floor', 101, 0, 101, true],
    ['exactly half', 5_000, 0, 10_000, false],
    ['more than half', 5_001, 0, 10_000, true],
    ['little at a time, more than half within the hour', 101, 4_900, 10_000, true],
    ['a large clean-up of less than half', 4_000, 900, 10_000, false],
  ])('%s', (_, candidates, removedLastHour, versionsAnHourAgo, suspect) => {
    expect(isSuspect({ candidates, removedLastHour, versionsAnHourAgo }, settings)).toBe(suspect);
  });
});
