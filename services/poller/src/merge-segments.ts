import { planMerges } from './plan-merges.js';
import type { ClaimedSegment } from './state/claimed-segment.js';
import type { SegmentStore } from './state/segment-store.js';
import { TARGET_VERSIONS } from './visit/range-versions.js';

/** Longer runs fill segments better, and take longer to be listed anew: two hundred lose one request in two hundred at most. */
export const MERGE_LIMITS = { target: TARGET_VERSIONS, longestRun: 200 };
const MAX_RUNS = 20;

/**
 * Joins runs of neighbouring segments that one segment fewer could hold, holding all their leases (rule R4). Gives back how
 * many runs were joined.
 */
export async function mergeSegments(segments: SegmentStore, mirrorId: string): Promise<number> {
  const runs: (readonly string[])[] = [];
  for await (const run of planMerges(segments.ranges.planned(mirrorId), MERGE_LIMITS)) {
    runs.push(run);
    if (runs.length === MAX_RUNS) break;
  }
  let merged = 0;
  for (const run of runs) if (await mergeRun(segments, mirrorId, run)) merged += 1;
  return merged;
}

async function mergeRun(segments: SegmentStore, mirrorId: string, run: readonly string[]): Promise<boolean> {
  const held = await segments.claimAll(
    run.map((a) => ({ m: mirrorId, a })),
    'early',
  );
  const isMerged = held.length === run.length && isStillSmall(held) && (await segments.ranges.merge(held));
  await Promise.all((isMerged ? held.slice(0, 1) : held).map((claimed) => segments.yield(claimed)));
  return isMerged;
}

const isStillSmall = (held: readonly ClaimedSegment[]): boolean =>
  held.reduce((sum, { segment }) => sum + segment.count, 0) <= (held.length - 1) * TARGET_VERSIONS;
