import { isApplied, type Positions, type Segment } from '@mirror/namespace';
import { chooseDue, type DueSegment } from './choose-due.js';
import type { ClaimedSegment } from './state/claimed-segment.js';
import type { MirrorProgress } from './state/progress-store.js';
import type { PushedRanges } from './state/pushed-ranges.js';
import type { SegmentStore } from './state/segment-store.js';

export interface ClaimSettings {
  /** A segment whose changes are not applied after this long is compared all the same, but not confirmed (rule R8). */
  readonly lagWaitMs: number;
  /** How many ranges all pollers together can visit at once. */
  rangesWanted(): number;
}

/** `applied`: what its last visit published has been (rule R8). */
export type ClaimedForVisit = ClaimedSegment & Pick<DueSegment, 'applied'>;

interface Claimed {
  /** What was due and free; another poller may have been faster. */
  readonly found: number;
  readonly claimed: readonly ClaimedForVisit[];
}

interface DueNow {
  readonly now: Date;
  readonly positions: Positions;
  readonly restedSince: Date | null;
  readonly pushed: PushedRanges;
}

/** Of the time that the snapshot has taken so far: what was visited in this first part of it may be visited anew. */
const VISITED_ANEW = 1 / 5;
/** A snapshot that is over sooner lists no range twice. */
const SHORTEST_REST_MS = 30_000;
/** One range that can't be listed does not keep all others as they were for longer. */
const LONGEST_REST_MS = 3_600_000;

/**
 * Until the snapshot is complete, ranges that were visited after this rest, so that what the connector and the cores can do goes
 * to what nobody has listed. Null: it is complete, and each range has its own time.
 */
export function restedSince(
  { snapshotStartedAt, snapshotCompletedAt }: Pick<MirrorProgress, 'snapshotStartedAt' | 'snapshotCompletedAt'>,
  now: Date,
): Date | null {
  if (snapshotCompletedAt !== null || snapshotStartedAt === null) return null;
  const [begin, end] = [snapshotStartedAt.getTime(), now.getTime()];
  const since = Math.min(begin + (end - begin) * VISITED_ANEW, end - SHORTEST_REST_MS);
  return new Date(Math.max(since, end - LONGEST_REST_MS));
}

/** Claims some of a mirror's due segments. It looks at as many as all pollers can visit at once, and takes some by chance. */
export async function claimDue(
  mirrorId: string,
  most: number,
  { now, positions, restedSince, pushed }: DueNow,
  { stores, lagWaitMs, rangesWanted }: ClaimSettings & { readonly stores: { readonly segments: SegmentStore } },
): Promise<Claimed> {
  if (most === 0) return { found: 0, claimed: [] };
  const due: DueSegment[] = [];
  for await (const segment of stores.segments.due(mirrorId, now, restedSince)) {
    const applied = isApplied(segment.published, positions);
    if (pushed.isWaiting(segment) || (!applied && !isLagWaitOver(segment, now, lagWaitMs))) continue;
    due.push({ segment, applied });
    if (due.length >= rangesWanted()) break;
  }
  const chosen = await pushed.without(chooseDue(due, most, Math.random));
  const applied = new Map(chosen.map(({ segment, applied }) => [segment._id.a, applied]));
  const claimed = await stores.segments.claimAll(chosen.map(({ segment }) => segment._id));
  const forVisit = claimed.map((each) => ({ ...each, applied: applied.get(each.segment._id.a) ?? false }));
  return { found: due.length, claimed: forVisit };
}

const isLagWaitOver = ({ publishedAt }: Segment, now: Date, lagWaitMs: number): boolean =>
  publishedAt !== null && now.getTime() - publishedAt.getTime() > lagWaitMs;
