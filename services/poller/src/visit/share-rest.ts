import type { ListedVersion, RangeSplitter } from '@mirror/connector';
import type { ClaimedSegment } from '../state/claimed-segment.js';
import type { ProgressStore } from '../state/progress-store.js';
import type { SegmentStore } from '../state/segment-store.js';

/** What a visit needs to know to share the rest of an open range with others. */
export interface Sharing {
  /** Ranges that all pollers together can list at once. */
  readonly wanted: number;
  /** By what this process has listed of the bucket so far. */
  readonly splitter: RangeSplitter;
  /** A rest can be claimed. */
  onCut(): void;
}

const SAMPLED_KEYS = 16;

/**
 * Where the rest of an open range is to be split after a page of it was listed: in no more parts than can be listed at once
 * together with what is open, and only on credit. None: not at all.
 */
export async function splitsOfRest(
  { segment, end }: ClaimedSegment,
  listed: readonly ListedVersion[],
  { wanted, splitter }: Sharing,
  stores: { readonly segments: SegmentStore; readonly progress: ProgressStore },
): Promise<readonly string[]> {
  const first = listed[0]?.key;
  const last = listed.at(-1)?.key;
  if (first === undefined || last === undefined) return [];
  learnSome(splitter, listed);
  const rest = { first, last, listed: listed.length, end };
  splitter.note(rest);
  const { m } = segment._id;
  // This one counts, in place of its rest.
  const free = wanted - (await stores.segments.countOpen(m, wanted));
  if (free < 1) return [];
  const beyond = end === null ? 'unknown' : await stores.segments.beyond(m, end);
  const splits = splitter.split({ ...rest, beyond }, free);
  if (splits.length === 0) return [];
  const paid = await stores.progress.spendSplits(m, splits.length);
  return paid < splits.length ? splitter.split({ ...rest, beyond }, paid) : splits;
}

function learnSome({ shape }: RangeSplitter, listed: readonly ListedVersion[]): void {
  const step = Math.max(1, Math.floor(listed.length / SAMPLED_KEYS));
  for (let index = 0; index < listed.length; index += step) shape.learn(listed[index]?.key ?? '');
  shape.learn(listed.at(-1)?.key ?? '');
}
