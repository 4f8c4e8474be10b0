import type { LogicalTime } from '@mirror/events';
import {
  lastOperationTime,
  type Namespace,
  type Segment,
  type SegmentId,
  segmentEnd,
  segmentsOf,
} from '@mirror/namespace';
import type { Activity } from '@mirror/pacing';
import type { ClientSession, Document, MongoClient } from 'mongodb';
import type { PlannedSegment } from '../plan-merges.js';
import { isOutgrown } from '../visit/range-versions.js';
import type { Said } from '../visit/repeat-backoff.js';
import { HINTS_SINCE_CLAIM } from './hint-store.js';
import type { ProgressStore } from './progress-store.js';

/** A segment held under a lease (rule R4). */
export interface ClaimedSegment {
  readonly segment: Segment;
  /** Its last key, null: it is the last segment. */
  readonly end: string | null;
  readonly epoch: number;
  /** Logical time of the claim, taken before the listing's first request (rule R1). */
  readonly startedAt: LogicalTime;
}

/** How a visit leaves its segment. */
export interface VisitOutcome {
  readonly count: number;
  readonly pageSize: number;
  /** To be confirmed; null: there was a difference, or something waits. */
  readonly hash: string | null;
  readonly published: Readonly<Record<string, string>> | null;
  /** Since when it waits to be applied; null: since now. */
  readonly publishedAt: Date | null;
  readonly said: Said | null;
  readonly undescribed: boolean;
  readonly nextVisitInMs: number;
  readonly activity: Activity | null;
  readonly heat: number | null;
}

/** What a cut leaves behind the boundary. */
export interface CutRest {
  /** Versions that were listed before the boundary. */
  readonly listed: number;
  /** The rest is split once more, at this key, so that two can list it. Null: it stays one segment. */
  readonly split: string | null;
}

export interface Coverage {
  readonly versions: number;
  readonly unvisited: number;
  /** Begin of the visit that is the longest ago; 1970 where a range was never visited. */
  readonly oldestVisit: Date;
}

/** Never visited counts as visited in 1970. */
const LAST_VISIT = { $ifNull: ['$visitedAt', new Date(0)] };

export const LEASE_MS = 15_000;

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

const inMs = (ms: number): Document => ({ $add: ['$$NOW', ms] });

/** Claims segments, and writes what visits found; every time is the database's. */
export class SegmentStore {
  constructor(
    private readonly client: MongoClient,
    private readonly namespace: Namespace,
    private readonly progress: ProgressStore,
    private readonly holder: string,
  ) {}

  async init(): Promise<void> {
    await this.namespace.segments.createIndex({ '_id.m': 1, dueAt: 1 }, { name: 'due' });
    await this.namespace.segments.createIndex({ '_id.m': 1, visitedAt: 1 }, { name: 'visited' });
    await this.namespace.segments.createIndex(
      { '_id.m': 1, open: 1 },
      { name: 'open', partialFilterExpression: { open: true } },
    );
  }

  /** The whole key space as one segment, unless there are segments already. */
  async createFirst(mirrorId: string): Promise<void> {
    await this.namespace.segments.updateOne(
      { _id: { m: mirrorId, a: '' } },
      { $setOnInsert: NEW_SEGMENT },
      { upsert: true },
    );
  }

  /** Segments that are due and free: first those that nobody has listed to their end, then the most overdue. */
  async *due(mirrorId: string, now: Date): AsyncIterable<Segment> {
    const free = { '_id.m': mirrorId, dueAt: { $lte: now }, leaseUntil: { $lte: now } };
    yield* this.namespace.segments.find({ ...free, open: true }, { batchSize: 50 });
    yield* this.namespace.segments.find({ ...free, open: { $ne: true } }, { sort: { dueAt: 1 }, batchSize: 50 });
  }

  /** How many segments nobody has listed to their end yet; counts up to `limit`. */
  countOpen(mirrorId: string, limit: number): Promise<number> {
    return this.namespace.segments.countDocuments({ '_id.m': mirrorId, open: true }, { limit });
  }

  /** What the first visit of the segment after this key has shown. */
  async beyond(mirrorId: string, end: string): Promise<'keys' | 'none' | 'unknown'> {
    const next = await this.namespace.segments.findOne(
      { _id: { m: mirrorId, a: end } },
      { projection: { open: 1, count: 1 } },
    );
    if (!next || next.open) return 'unknown';
    return next.count > 0 ? 'keys' : 'none';
  }

  /** The database's time. */
  async now(): Promise<Date> {
    const { localTime } = await this.namespace.db.admin().command({ hello: 1 });
    return localTime instanceof Date ? localTime : new Date();
  }

  /** Takes the lease of a free segment; null when somebody else was faster, or, unless `early`, when it is not due. */
  async claim(id: SegmentId, when: 'due' | 'early' = 'due'): Promise<ClaimedSegment | null> {
    const [claimed = null] = await this.claimAll([id], when);
    return claimed;
  }

  /** Those of one mirror's segments that can be claimed. */
  async claimAll(ids: readonly SegmentId[], when: 'due' | 'early' = 'due'): Promise<ClaimedSegment[]> {
    const [first] = ids;
    if (!first) return [];
    const lastEpoch = await this.progress.takeEpochs(first.m, ids.length);
    const claims = ids.map((id, index) => this.claimAs(id, lastEpoch - index, when));
    return (await Promise.all(claims)).filter((claimed) => claimed !== null);
  }

  private claimAs(id: SegmentId, epoch: number, when: 'due' | 'early'): Promise<ClaimedSegment | null> {
    return this.client.withSession(async (session) => {
      const segment = await this.namespace.segments.findOneAndUpdate(
        { _id: id, ...(when === 'due' ? DUE_AND_FREE : FREE) },
        [{ $set: { holder: { $literal: this.holder }, epoch, claimedAt: '$$NOW', leaseUntil: inMs(LEASE_MS) } }],
        { session, returnDocument: 'after' },
      );
      if (!segment) return null;
      const startedAt = lastOperationTime(session);
      return { segment, epoch, startedAt, end: await segmentEnd(this.namespace.segments, id) };
    });
  }

  /** False: the lease is lost, the visit must not go on. */
  async renew(claimed: ClaimedSegment): Promise<boolean> {
    const result = await this.namespace.segments.updateOne(heldBy(claimed), [{ $set: { leaseUntil: inMs(LEASE_MS) } }]);
    return result.matchedCount === 1;
  }

  /** Erases the confirmation before anything is published (rule R3). False: the lease is lost. */
  async eraseHash(claimed: ClaimedSegment): Promise<boolean> {
    const result = await this.namespace.segments.updateOne(heldBy(claimed), {
      $set: { hash: null, confirmedAt: null },
    });
    return result.matchedCount === 1;
  }

  /**
   * Cuts a held segment: the keys after `boundary` become a segment of their own (two, when split), due at once. All counters
   * move, so that no confirmation of the uncut range survives. False: the lease is lost.
   */
  cut(claimed: ClaimedSegment, boundary: string, { listed, split }: CutRest): Promise<boolean> {
    const { segment } = claimed;
    const rest = restOf(segment, listed);
    const part = partOf(claimed, listed);
    const starts = split === null ? [boundary] : [boundary, split];
    return this.inTransaction(async (session) => {
      const held = await this.namespace.segments.updateOne(
        heldBy(claimed),
        [{ $set: { ...part, writes: { $add: ['$writes', 1] }, leaseUntil: inMs(LEASE_MS) } }],
        { session },
      );
      if (held.matchedCount === 0) return false;
      const segments = starts.map((a) => ({ _id: { m: segment._id.m, a }, ...rest }));
      await this.namespace.segments.insertMany(segments, { session });
      return true;
    });
  }

  /**
   * Joins a run of neighbouring segments, all held: the first takes over the whole range, and is due at once. Its counter
   * moves, so that no confirmation of a part survives. False: a lease is lost, or they are no neighbours any more.
   */
  merge(run: readonly ClaimedSegment[]): Promise<boolean> {
    const [first, ...others] = run;
    const isGapless = run.every(({ end }, index) => end === (run[index + 1]?.segment._id.a ?? end));
    if (!first || others.length === 0 || !isGapless) return Promise.resolve(false);
    return this.inTransaction(async (session) => {
      const gone = await this.namespace.segments.deleteMany({ $or: others.map(heldBy) }, { session });
      const joined = await this.namespace.segments.updateOne(
        heldBy(first),
        [{ $set: { ...joinedOf(run), writes: { $add: ['$writes', 1] }, dueAt: '$$NOW' } }],
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

  /**
   * Ends a visit. The hash is stored only if nobody wrote into the segment since its counter was read at the claim (R3);
   * everything else holds in any case. False: the lease is lost.
   */
  async finish(claimed: ClaimedSegment, outcome: VisitOutcome): Promise<boolean> {
    const unwritten = { $eq: ['$writes', claimed.segment.writes] };
    const confirmed = outcome.hash === null ? false : unwritten;
    const since = outcome.publishedAt === null ? '$$NOW' : { $literal: outcome.publishedAt };
    const result = await this.namespace.segments.updateOne(heldBy(claimed), [
      {
        $set: {
          hash: { $cond: [confirmed, { $literal: outcome.hash }, null] },
          confirmedAt: { $cond: [confirmed, '$$NOW', null] },
          open: false,
          count: outcome.count,
          pageSize: outcome.pageSize,
          published: { $literal: outcome.published },
          publishedAt: outcome.published === null ? null : since,
          said: { $literal: outcome.said },
          undescribed: outcome.undescribed ? true : '$undescribed',
          visitedAt: '$claimedAt',
          dueAt: inMs(outcome.nextVisitInMs),
          activity: { $literal: outcome.activity },
          heat: outcome.heat,
          describedSince: { $ifNull: ['$describedSince', '$claimedAt'] },
          ...HINTS_SINCE_CLAIM,
          holder: null,
          leaseUntil: { $literal: new Date(0) },
        },
      },
    ]);
    return result.matchedCount === 1;
  }

  /** Gives the lease back after a failure, and asks for the next try later. Nothing is confirmed or forgotten. */
  async release(claimed: ClaimedSegment, retryInMs: number): Promise<void> {
    await this.namespace.segments.updateOne(heldBy(claimed), [
      { $set: { holder: null, leaseUntil: { $literal: new Date(0) }, dueAt: inMs(retryInMs) } },
    ]);
  }

  /** Gives back a lease that was taken for no visit: the segment stays due when it was. */
  async yield(claimed: ClaimedSegment): Promise<void> {
    const free = { holder: null, leaseUntil: new Date(0) };
    await this.namespace.segments.updateOne(heldBy(claimed), { $set: free });
  }

  /** Null: there are no segments yet. What a pass that began at `since` has not visited yet, how many versions were listed, what waits to be applied. */
  async coverage(mirrorId: string, since: Date): Promise<Coverage | null> {
    const [sum] = await this.namespace.segments
      .aggregate<Coverage>([
        { $match: { '_id.m': mirrorId } },
        {
          $group: {
            _id: null,
            versions: { $sum: '$count' },
            unvisited: { $sum: { $cond: [{ $lt: [LAST_VISIT, since] }, 1, 0] } },
            oldestVisit: { $min: LAST_VISIT },
          },
        },
      ])
      .toArray();
    return sum ?? null;
  }

  /** Segments whose last visit published something. */
  publishing(mirrorId: string): Promise<Pick<Segment, 'published' | 'publishedAt'>[]> {
    return this.namespace.segments
      .find({ '_id.m': mirrorId, publishedAt: { $ne: null } }, { projection: { _id: 0, published: 1, publishedAt: 1 } })
      .toArray();
  }

  /** Voids every confirmation, those about to be stored included: the next pass compares everything, and begins at once. */
  async voidConfirmations(mirrorId: string): Promise<void> {
    await this.namespace.segments.updateMany(
      { '_id.m': mirrorId },
      { $set: { hash: null, confirmedAt: null, dueAt: new Date(0) }, $inc: { writes: 1 } },
    );
  }

  private inTransaction<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.client.withSession((session) => session.withTransaction(() => work(session)));
  }

  async forget(mirrorId: string): Promise<void> {
    await this.namespace.segments.deleteMany({ _id: segmentsOf(mirrorId) });
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

/**
 * The segment while the lease holds. The hour of the claim tells apart two leases of one epoch: where the database was restored
 * to an older state, the counter gives the epochs since then once more.
 */
const heldBy = ({ segment: { _id, claimedAt }, epoch }: ClaimedSegment) => ({ _id, epoch, claimedAt });

/** Judged by the database's time. */
const FREE = { $expr: { $lte: ['$leaseUntil', '$$NOW'] } };
const DUE_AND_FREE = {
  $expr: { $and: [{ $lte: ['$dueAt', '$$NOW'] }, { $lte: ['$leaseUntil', '$$NOW'] }] },
};
