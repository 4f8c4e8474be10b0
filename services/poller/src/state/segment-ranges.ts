import { type Namespace, type Segment, segmentsOf } from '@mirror/namespace';
import type { ClientSession, MongoClient } from 'mongodb';
import type { PlannedSegment } from '../plan-merges.js';
import { isOutgrown } from '../visit/range-versions.js';
import { type ClaimedSegment, heldBy, inMs, LEASE_MS } from './claimed-segment.js';

/** What a cut leaves behind the boundary. */
export interface CutRest {
  /** Versions that were listed before the boundary. */
  readonly listed: number;
  /** The rest is split once more, at these keys in their order, so that several can list it. None: it stays one segment. */
  readonly splits: readonly string[];
}

const NEW_SEGMENT: Omit<Segment, '_id'> = {
  writes: 0,
  figures: null,
  holder: null,
  epoch: 0,
  leaseUntil: new Date(0),
  claimedAt: null,
  dueAt: new Date(0),
  open: true,
  filled: null,
  visitedAt: null,
  count: 0,
  pageSize: 1_000,
  hash: null,
  confirmedAt: null,
  published: null,
  publishedAt: null,
  said: null,
  undescribed: false,
};

/** How the key space of a mirror is cut into segments (rule R4): boundaries move under the leases of what they bound. */
export class SegmentRanges {
  constructor(
    private readonly client: MongoClient,
    private readonly namespace: Namespace,
  ) {}

  /** The whole key space as one segment, unless there are segments already. */
  async createFirst(mirrorId: string): Promise<void> {
    await this.namespace.segments.updateOne(
      { _id: { m: mirrorId, a: '' } },
      { $setOnInsert: NEW_SEGMENT },
      { upsert: true },
    );
  }

  /**
   * Cuts a held segment: the keys after `boundary` become a segment of their own (more, when split), due at once. All counters
   * move, so that no confirmation of the uncut range survives. False: the lease is lost.
   */
  cut(claimed: ClaimedSegment, boundary: string, { listed, splits }: CutRest): Promise<boolean> {
    const { segment } = claimed;
    const rest = restOf(segment, listed);
    const part = partOf(claimed, listed);
    return this.inTransaction(async (session) => {
      const held = await this.namespace.segments.updateOne(
        heldBy(claimed),
        [{ $set: { ...part, writes: { $add: ['$writes', 1] }, leaseUntil: inMs(LEASE_MS) } }],
        { session },
      );
      if (held.matchedCount === 0) return false;
      const segments = [boundary, ...splits].map((a) => ({ _id: { m: segment._id.m, a }, ...rest }));
      await this.namespace.segments.insertMany(segments, { session });
      return true;
    });
  }

  /**
   * Joins a run of neighbouring segments, all held: the first takes over the whole range, and is due at once. Its counter
   * passes those of all parts, so that no confirmation of a part survives, and no count of one is taken for that of a segment
   * which a later cut begins at the same key. False: a lease is lost, or they are no neighbours any more.
   */
  merge(run: readonly ClaimedSegment[]): Promise<boolean> {
    const [first, ...others] = run;
    const isGapless = run.every(({ end }, index) => end === (run[index + 1]?.segment._id.a ?? end));
    if (!first || others.length === 0 || !isGapless) return Promise.resolve(false);
    return this.inTransaction(async (session) => {
      const parts = this.namespace.segments.find({ $or: run.map(heldBy) }, { session, projection: { writes: 1 } });
      const writes = Math.max(...(await parts.toArray()).map((part) => part.writes)) + 1;
      const gone = await this.namespace.segments.deleteMany({ $or: others.map(heldBy) }, { session });
      const joined = await this.namespace.segments.updateOne(
        heldBy(first),
        [{ $set: { ...joinedOf(run), writes, dueAt: '$$NOW' } }],
        { session },
      );
      if (gone.deletedCount === others.length && joined.matchedCount === 1) return true;
      await session.abortTransaction();
      return false;
    });
  }

  /** Every segment, in key order, as far as a plan of merges needs to know it. */
  async *planned(mirrorId: string): AsyncGenerator<PlannedSegment> {
    const projection = { count: 1, hash: 1, published: 1, filled: 1 };
    for await (const { _id, count, hash, published, filled = null } of this.namespace.segments.find(
      { _id: segmentsOf(mirrorId) },
      { sort: { _id: 1 }, projection },
    )) {
      yield { after: _id.a, count, filled, settled: hash !== null && published === null };
    }
  }

  private inTransaction<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.client.withSession((session) => session.withTransaction(() => work(session)));
  }
}

/** The part that a cut leaves to the range's holder. */
const partOf = ({ segment: { open, count }, end }: ClaimedSegment, listed: number) => ({
  hash: null,
  count: listed,
  filled: isOutgrown(end, open ? null : count) ? null : listed,
});

/** The rest of a known range is known, too, as far as that goes: it was last visited when the whole was. */
function restOf(segment: Segment, listed: number): Omit<Segment, '_id'> {
  const { writes, undescribed, visitedAt, describedSince = null, heat = null } = segment;
  const left = segment.open ? 0 : segment.count - listed;
  return {
    ...NEW_SEGMENT,
    writes: writes + 1,
    undescribed,
    visitedAt,
    describedSince,
    heat,
    open: left <= 0,
    count: Math.max(0, left),
  };
}

/** What a run of segments is when it is one: unconfirmed, and visited when the part was that is the longest ago. */
function joinedOf(run: readonly ClaimedSegment[]): Partial<Omit<Segment, '_id'>> {
  const parts = run.map(({ segment }) => segment);
  const visits = parts.map(({ visitedAt }) => visitedAt?.getTime() ?? 0);
  return {
    hash: null,
    confirmedAt: null,
    filled: null,
    count: parts.reduce((sum, { count }) => sum + count, 0),
    pageSize: NEW_SEGMENT.pageSize,
    undescribed: parts.some(({ undescribed }) => undescribed),
    describedSince: oldestOf(parts),
    visitedAt: new Date(Math.min(...visits)),
  };
}

/** Null where that of a part is not known. */
function oldestOf(parts: readonly Segment[]): Date | null {
  const known = parts.flatMap(({ describedSince }) => describedSince ?? []);
  return known.length < parts.length ? null : new Date(Math.min(...known.map((since) => since.getTime())));
}
