import { type Document, type Filter } from 'mongodb';
import type { Namespace } from './namespace.js';
import { type Segment, type SegmentFigures, type SegmentId, segmentEnd, segmentsOf } from './segment.js';
import type { VersionDocument } from './version-document.js';

/** Figures of a whole mirror, as it is at the connector: what is pending is not counted. `mirrored` counts versions and delete markers; `bytes` are of all versions. */
export type MirrorFigures = Omit<SegmentFigures, 'at'>;

const DIRTY: Filter<Segment> = { $expr: { $ne: ['$figures.at', '$writes'] } };

/**
 * Counts anew every segment that was written since it was last counted, then adds all up. A count is stored only if no
 * write came between (compare-and-set on the write counter), so a crash between write and count leaves nothing wrong:
 * the counter says that the segment is to be counted.
 */
export async function mirrorFigures(namespace: Namespace, mirrorId: string): Promise<MirrorFigures> {
  const dirty = await namespace.segments.find({ _id: segmentsOf(mirrorId), ...DIRTY }, { sort: { _id: 1 } }).toArray();
  for (const segment of dirty) await recount(namespace, segment);
  const [sum] = await namespace.segments
    .aggregate<MirrorFigures>([{ $match: { _id: segmentsOf(mirrorId) } }, { $group: SUM_OF_SEGMENTS }])
    .toArray();
  return {
    mirrored: sum?.mirrored ?? 0,
    currentObjects: sum?.currentObjects ?? 0,
    deleteMarkers: sum?.deleteMarkers ?? 0,
    bytes: sum?.bytes ?? 0,
  };
}

const SUM_OF_SEGMENTS: Document = {
  _id: null,
  mirrored: { $sum: '$figures.mirrored' },
  currentObjects: { $sum: '$figures.currentObjects' },
  deleteMarkers: { $sum: '$figures.deleteMarkers' },
  bytes: { $sum: '$figures.bytes' },
};

async function recount(namespace: Namespace, segment: Segment): Promise<void> {
  const end = await segmentEnd(namespace.segments, segment._id);
  const figures: SegmentFigures = { ...(await countRange(namespace, segment._id, end)), at: segment.writes };
  await namespace.segments.updateOne({ _id: segment._id, writes: segment.writes }, { $set: { figures } });
}

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
    ])
    .toArray();
  return counts ?? { mirrored: 0, currentObjects: 0, deleteMarkers: 0, bytes: 0 };
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
