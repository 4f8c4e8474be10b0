/** What visits have shown of a range: changes seen, and the seconds over which they came. Both fade. */
export interface Activity {
  readonly changes: number;
  readonly seconds: number;
}

/** So many changes tell a rate well enough (to a sixth); beyond them the older ones fade. */
const MEMORY_CHANGES = 40;
/** A day's rhythm outlives no more than this. */
const MEMORY_SECONDS = 86_400;
/** A visit that shows so many times more, or fewer, than expected is no chance: what came before is forgotten. */
const SURPRISE = 6;
/** A range that little is known of is taken for a typical one, as if this many changes had been seen at that rate. */
const PRIOR_CHANGES = 0.5;

/** Adds what one visit showed: `changes` in the `seconds` since the visit before. Null: nothing is known yet. */
export function observeChanges(before: Activity | null, changes: number, seconds: number): Activity {
  if (before === null || isSurprise(before, changes, seconds)) return { changes, seconds };
  return fade({ changes: before.changes + changes, seconds: before.seconds + seconds });
}

/**
 * Changes a second to be expected: the mean of a gamma distribution whose prior is the mirror's typical rate. So a
 * range that showed nothing is never taken for dead, nor one for hot that showed its first change at its first visit.
 */
export function changeRate(activity: Activity | null, typicalRate: number): number {
  const { changes, seconds } = activity ?? { changes: 0, seconds: 0 };
  return (changes + PRIOR_CHANGES) / (seconds + PRIOR_CHANGES / typicalRate);
}

function isSurprise({ changes: known, seconds: watched }: Activity, changes: number, seconds: number): boolean {
  if (watched === 0) return false;
  const expected = (known / watched) * seconds;
  return expected > changes ? expected >= SURPRISE * Math.max(1, changes) : changes >= SURPRISE * Math.max(1, expected);
}

function fade({ changes, seconds }: Activity): Activity {
  const kept = Math.min(1, MEMORY_CHANGES / changes, MEMORY_SECONDS / seconds);
  return { changes: changes * kept, seconds: seconds * kept };
}
