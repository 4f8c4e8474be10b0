import { type KeyShape, type ListedVersion, splitPoint } from '@mirror/connector';
import type { ClaimedSegment } from '../state/claimed-segment.js';
import type { ProgressStore } from '../state/progress-store.js';
import type { SegmentStore } from '../state/segment-store.js';

/** What a visit needs to know to share the rest of an open range with others. */
export interface Sharing {
  /** Ranges that all pollers together can list at once. */
  readonly wanted: number;
  /** What the bucket's keys look like, as far as this process has seen. */
  readonly shape: KeyShape;
  /** A rest can be claimed. */
  onCut(): void;
}

const SAMPLED_KEYS = 16;

/**
 * Where the rest of an open range is to be split after a page of it was listed: only while fewer ranges are open than can be
 * listed at once, and only on credit. Null: not at all.
 */
export async function splitOfRest(
  { segment, end }: ClaimedSegment,
  listed: readonly ListedVersion[],
  { wanted, shape }: Sharing,
  stores: { readonly segments: SegmentStore; readonly progress: ProgressStore },
): Promise<string | null> {
  const first = listed[0]?.key;
  const last = listed.at(-1)?.key;
  if (first === undefined || last === undefined) return null;
  learnSome(shape, listed);
  const { m } = segment._id;
  // This one counts, in place of its rest.
  if ((await stores.segments.countOpen(m, wanted)) >= wanted) return null;
  const beyond = end === null ? 'unknown' : await stores.segments.beyond(m, end);
  const split = splitPoint({ first, last, listed: listed.length, end, beyond }, shape);
  return split !== null && (await stores.progress.spendSplit(m)) ? split : null;
}

function learnSome(shape: KeyShape, listed: readonly ListedVersion[]): void {
  const step = Math.max(1, Math.floor(listed.length / SAMPLED_KEYS));
  for (let index = 0; index < listed.length; index += step) shape.learn(listed[index]?.key ?? '');
  shape.learn(listed.at(-1)?.key ?? '');
}
