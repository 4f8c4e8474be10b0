import type { Namespace, Segment, SegmentId } from '@mirror/namespace';

/** A segment whose descriptions are being read anew. */
export interface SweptSegment {
  readonly segment: Segment;
  /** No description that is read now is older. */
  readonly from: Date;
}

const LEASE_MS = 60_000;
const inMs = (ms: number) => ({ $add: ['$$NOW', ms] });

/**
 * How old each segment's descriptions are at most. A lease of its own keeps pollers from sweeping the same segment at once; two
 * that do harm nothing, for a description is observed like everything else.
 */
export class SweepStore {
  constructor(private readonly namespace: Namespace) {}

  async init(): Promise<void> {
    await this.namespace.segments.createIndex({ '_id.m': 1, describedSince: 1 }, { name: 'described' });
  }

  /** The segment whose descriptions are the oldest, if they are older than `ageSeconds`; null: none is. */
  async claim(mirrorId: string, ageSeconds: number): Promise<SweptSegment | null> {
    const isOld = { $lte: [{ $ifNull: ['$describedSince', new Date(0)] }, inMs(-ageSeconds * 1_000)] };
    const isFree = { $lte: [{ $ifNull: ['$sweptUntil', new Date(0)] }, '$$NOW'] };
    const segment = await this.namespace.segments.findOneAndUpdate(
      { '_id.m': mirrorId, visitedAt: { $ne: null }, undescribed: false, $expr: { $and: [isOld, isFree] } },
      [{ $set: { sweptUntil: inMs(LEASE_MS) } }],
      { sort: { describedSince: 1 }, returnDocument: 'after' },
    );
    if (!segment?.sweptUntil) return null;
    return { segment, from: new Date(segment.sweptUntil.getTime() - LEASE_MS) };
  }

  async renew(_id: SegmentId): Promise<void> {
    await this.namespace.segments.updateOne({ _id }, [{ $set: { sweptUntil: inMs(LEASE_MS) } }]);
  }

  async finish({ segment, from }: SweptSegment): Promise<void> {
    const describedSince = { $max: ['$describedSince', { $literal: from }] };
    await this.namespace.segments.updateOne({ _id: segment._id }, [{ $set: { describedSince, sweptUntil: null } }]);
  }

  /** Some could not be read: the segment keeps its age, and is tried again later. */
  async postpone({ segment }: SweptSegment, ms: number): Promise<void> {
    await this.namespace.segments.updateOne({ _id: segment._id }, [{ $set: { sweptUntil: inMs(ms) } }]);
  }

  /** No description is older; null: not known, as long as some range was never listed. */
  async oldest(mirrorId: string): Promise<Date | null> {
    const oldest = await this.namespace.segments.findOne(
      { '_id.m': mirrorId },
      { sort: { describedSince: 1 }, projection: { describedSince: 1 } },
    );
    return oldest?.describedSince ?? null;
  }
}
