import type { Document, Filter } from 'mongodb';
import type { Namespace } from './namespace.js';
import { type SegmentFigures, type SegmentId, segmentsOf } from './segment.js';
import type { VersionDocument } from './version-document.js';

/** Figures of a whole mirror, as it is at the connector: what is pending is not counted. `mirrored` counts versions and delete markers; `bytes` are of all versions. */
export type MirrorFigures = Omit<SegmentFigures, 'at'>;

/** A range that was written since it was last counted. */
interface Dirty {
  readonly a: string;
  /** Null: the last range. */
  readonly end: string | null;
  readonly writes: number;
}

interface Counted {
  readonly clean: MirrorFigures;
  readonly dirty: readonly Dirty[];
}

/**
 * Adds up the counts of all segments, and counts those anew that were written since they were last counted. What is counted and
 * what is added are the segments of one moment: whatever is cut or joined meanwhile, every key is in one of them. A count is
 * stored only if no write came between (compare-and-set on the write counter), so a crash between write and count leaves
 * nothing wrong: the counter says that the segment is to be counted.
 */
export async function mirrorFigures(namespace: Namespace, mirrorId: string): Promise<MirrorFigures> {
  const { clean, dirty } = await countedSegments(namespace, mirrorId);
  let sum = clean;
  for (const { a, end, writes } of dirty) {
    const id = { m: mirrorId, a };
    const counts = await countRange(namespace, id, end);
    const figures: SegmentFigures = { ...counts, at: writes };
    await namespace.segments.updateOne({ _id: id, writes }, { $set: { figures } });
    sum = added(sum, counts);
  }
  return sum;
}

/** Of one snapshot of the database. */
async function countedSegments({ segments }: Namespace, mirrorId: string): Promise<Counted> {
  const [found] = await segments
    .aggregate<MirrorFigures & { dirty: readonly Dirty[] }>(
      [
        { $match: { _id: segmentsOf(mirrorId) } },
        { $setWindowFields: { sortBy: { _id: 1 }, output: { end: { $shift: { output: '$_id.a', by: 1 } } } } },
        { $group: SUM_OF_SEGMENTS },
      ],
      { readConcern: { level: 'snapshot' } },
    )
    .toArray();
  if (!found) return { clean: NONE, dirty: [] };
  const { mirrored, currentObjects, deleteMarkers, bytes, dirty } = found;
  return { clean: { mirrored, currentObjects, deleteMarkers, bytes }, dirty };
}

const isDirty = { $ne: ['$figures.at', '$writes'] };
const sumOfClean = (field: string) => ({ $sum: { $cond: [isDirty, 0, field] } });
const SUM_OF_SEGMENTS: Document = {
  _id: null,
  mirrored: sumOfClean('$figures.mirrored'),
  currentObjects: sumOfClean('$figures.currentObjects'),
  deleteMarkers: sumOfClean('$figures.deleteMarkers'),
  bytes: sumOfClean('$figures.bytes'),
  dirty: { $push: { $cond: [isDirty, { a: '$_id.a', end: '$end', writes: '$writes' }, '$$REMOVE'] } },
};

const NONE: MirrorFigures = { mirrored: 0, currentObjects: 0, deleteMarkers: 0, bytes: 0 };

const added = (one: MirrorFigures, other: MirrorFigures): MirrorFigures => ({
  mirrored: one.mirrored + other.mirrored,
  currentObjects: one.currentObjects + other.currentObjects,
  deleteMarkers: one.deleteMarkers + other.deleteMarkers,
  bytes: one.bytes + other.bytes,
});

async function countRange(namespace: Namespace, id: SegmentId, end: string | null): Promise<MirrorFigures> {
  const keys = end === null ? { $gt: id.a } : { $gt: id.a, $lte: end };
  const match: Filter<VersionDocument> = { live: true, pending: { $exists: false }, '_id.k': keys };
  const [counts] = await namespace
    .versions(id.m)
    .aggregate<MirrorFigures>([
      { $match: match },
      { $sort: { '_id.k': 1, place: 1 } },
      { $group: PER_KEY },
      { $group: PER_RANGE },
      { $project: { _id: 0 } },
    ])
    .toArray();
  return counts ?? NONE;
}

const isMarker = { $eq: ['$kind', 'deleteMarker'] };
const PER_KEY: Document = {
  _id: '$_id.k',
  latest: { $first: '$kind' },
  mirrored: { $sum: 1 },
  deleteMarkers: { $sum: { $cond: [isMarker, 1, 0] } },
  bytes: { $sum: '$size' },
};
const PER_RANGE: Document = {
  _id: null,
  mirrored: { $sum: '$mirrored' },
  currentObjects: { $sum: { $cond: [{ $eq: ['$latest', 'version'] }, 1, 0] } },
  deleteMarkers: { $sum: '$deleteMarkers' },
  bytes: { $sum: '$bytes' },
};
