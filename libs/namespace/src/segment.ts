import { type Collection, MaxKey, type UpdateFilter } from 'mongodb';
import type { SegmentAttention } from './segment-attention.js';

/** `a`: the segment holds the keys after this one (exclusive; empty: from the first), up to and with the next one's `a`. */
export interface SegmentId {
  readonly m: string;
  readonly a: string;
}

/** Exact counts of a segment's live documents, as of write counter `at`. */
export interface SegmentFigures {
  readonly mirrored: number;
  readonly currentObjects: number;
  readonly deleteMarkers: number;
  readonly bytes: number;
  readonly at: number;
}

/**
 * A range of a mirror's key space. `writes` and `figures` belong to the namespace: whoever changes a connector-derived
 * document bumps `writes` (rule R3). Everything else is the poller's.
 */
export interface Segment extends SegmentAttention {
  readonly _id: SegmentId;
  readonly writes: number;
  readonly figures: SegmentFigures | null;

  /** Lease (rule R4): who visits it, under which epoch, until when by the database's time. */
  readonly holder: string | null;
  readonly epoch: number;
  readonly leaseUntil: Date;
  readonly claimedAt: Date | null;

  readonly dueAt: Date;
  /** Nobody has listed it to its end yet: how much it holds is not known, and its rest may be shared by splitting it. */
  readonly open: boolean;
  /** Versions that it held when it was cut as full as its keys let it be; null: it was not. */
  readonly filled: number | null;
  /**
   * How far the first listing of a key of many versions has come: the markers of its next page, and how many versions of it were
   * listed before. Missing or null: none is under way.
   */
  readonly walk?: {
    readonly key: string;
    readonly keyMarker: string;
    readonly versionIdMarker: string;
    readonly listed: number;
  } | null;
  /** Begin of the last visit that was completed; null: never. */
  readonly visitedAt: Date | null;
  /** Versions that the last visit listed. */
  readonly count: number;
  /** `max-keys` that the confirmed hash was listed with. */
  readonly pageSize: number;
  /** Hash of a listing that was compared without a difference (rule R3); null: unconfirmed. */
  readonly hash: string | null;
  readonly confirmedAt: Date | null;
  /** Partition → offset after the last change published by its last visit (rule R8); null: nothing to wait for. */
  readonly published: Readonly<Record<string, string>> | null;
  readonly publishedAt: Date | null;
  /** The changes that its visits said last (rule R8: not again and again). */
  readonly said: { readonly digest: string; readonly times: number; readonly lastAt: Date } | null;
  /** Latest versions in it may lack a description. */
  readonly undescribed: boolean;
}

/** Every segment of a mirror, by key. */
export const segmentsOf = (mirrorId: string) => ({
  $gte: { m: mirrorId, a: '' },
  $lt: { m: mirrorId, a: new MaxKey() as unknown as string },
});

/**
 * Bumps the write counter of every segment that holds one of the keys, after the write and before its offset is resolved, and
 * voids their confirmations: a change may be applied long after the listing that it came from, and after later ones.
 * `sortedKeys` are in key order. A segment split meanwhile is safe: its end is read after its counter was bumped.
 */
export async function bumpWriteCounters(
  segments: Collection<Segment>,
  mirrorId: string,
  sortedKeys: readonly string[],
  isAfter: (key: string, boundary: string) => boolean,
): Promise<void> {
  const bump: UpdateFilter<Segment> = { $inc: { writes: 1 }, $set: { hash: null, confirmedAt: null } };
  let end: string | null = '';
  for (const key of sortedKeys) {
    if (end === null || (end !== '' && !isAfter(key, end))) continue;
    const bumped = await segments.findOneAndUpdate(
      { _id: { $gte: { m: mirrorId, a: '' }, $lt: { m: mirrorId, a: key } } },
      bump,
      { sort: { _id: -1 }, projection: { _id: 1 } },
    );
    // No segment yet: nobody has a confirmation to lose.
    if (!bumped) continue;
    end = await segmentEnd(segments, bumped._id);
  }
}

/** The last key that a segment may hold; null: it is the last segment. */
export async function segmentEnd(segments: Collection<Segment>, id: SegmentId): Promise<string | null> {
  const { $lt } = segmentsOf(id.m);
  const next = await segments.findOne({ _id: { $gt: id, $lt } }, { sort: { _id: 1 }, projection: { _id: 1 } });
  return next?._id.a ?? null;
}

/** Voids the confirmations of every mirror, those about to be stored included. Gives back how many segments there are. */
export async function voidAllConfirmations({ segments }: { readonly segments: Collection<Segment> }): Promise<number> {
  const result = await segments.updateMany({}, { $set: { hash: null, confirmedAt: null }, $inc: { writes: 1 } });
  return result.matchedCount;
}
