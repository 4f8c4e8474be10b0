import type { SegmentStore } from './state/segment-store.js';

/** Two neighbours are joined when they hold no more than this together: well below a page, so that they do not soon split. */
const MAX_JOINED_VERSIONS = 600;
const MAX_MERGES = 20;

/** Joins neighbouring segments that have shrunk, holding both leases (rule R4). Gives back how many were joined. */
export async function mergeSegments(segments: SegmentStore, mirrorId: string): Promise<number> {
  let merged = 0;
  for (const [firstId, secondId] of await segments.mergeable(mirrorId, MAX_JOINED_VERSIONS, MAX_MERGES)) {
    const first = await segments.claim(firstId, 'early');
    if (!first) continue;
    const second = await segments.claim(secondId, 'early');
    if (second && isStillSmall(first.segment.count + second.segment.count) && (await segments.merge(first, second)))
      merged += 1;
    else if (second) await segments.release(second, 0);
    await segments.release(first, 0);
  }
  return merged;
}

const isStillSmall = (count: number): boolean => count <= MAX_JOINED_VERSIONS;
