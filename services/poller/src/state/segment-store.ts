import type { Position } from '@mirror/kafka';
import {
  lastOperationTime,
  type Namespace,
  type Segment,
  type SegmentId,
  segmentEnd,
  segmentsOf,
} from '@mirror/namespace';
import type { Activity } from '@mirror/pacing';
import type { MongoClient } from 'mongodb';
import type { KeyWalk } from '../visit/list-range.js';
import type { Said } from '../visit/repeat-backoff.js';
import { type ClaimedSegment, heldBy, inMs, LEASE_MS } from './claimed-segment.js';
import { HINTS_SINCE_CLAIM } from './hints-since-claim.js';
import type { ProgressStore } from './progress-store.js';
import { SegmentRanges } from './segment-ranges.js';

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

export interface Coverage {
  readonly versions: number;
  readonly unvisited: number;
  /** Begin of the visit that is the longest ago; 1970 where a range was never visited. */
  readonly oldestVisit: Date;
}

/** Never visited counts as visited in 1970. */
const LAST_VISIT = { $ifNull: ['$visitedAt', new Date(0)] };

/** Claims segments, and writes what visits found; every time is the database's. */
export class SegmentStore {
  readonly ranges: SegmentRanges;

  constructor(
    private readonly client: MongoClient,
    private readonly namespace: Namespace,
    private readonly progress: ProgressStore,
    private readonly holder: string,
  ) {
    this.ranges = new SegmentRanges(client, namespace);
  }

  async init(): Promise<void> {
    await this.namespace.segments.createIndex({ '_id.m': 1, dueAt: 1 }, { name: 'due' });
    await this.namespace.segments.createIndex({ '_id.m': 1, visitedAt: 1 }, { name: 'visited' });
    await this.namespace.segments.createIndex(
      { '_id.m': 1, open: 1 },
      { name: 'open', partialFilterExpression: { open: true } },
    );
  }

  /**
   * Segments that are due and free: first those that nobody has listed to their end, then the most overdue.
   * @param restedSince Of the latter those alone that were not visited after this; null: all.
   */
  async *due(mirrorId: string, now: Date, restedSince: Date | null): AsyncIterable<Segment> {
    const free = { '_id.m': mirrorId, dueAt: { $lte: now }, leaseUntil: { $lte: now } };
    yield* this.namespace.segments.find({ ...free, open: true }, { batchSize: 50 });
    const listed = { ...free, open: { $ne: true } };
    yield* restedSince === null
      ? this.namespace.segments.find(listed, { sort: { dueAt: 1 }, batchSize: 50 })
      : this.namespace.segments.find(
          { ...listed, visitedAt: { $not: { $gt: restedSince } } },
          { sort: { visitedAt: 1 }, batchSize: 50 },
        );
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

  /** How far the walk of a key has come, after what it published. False: the lease is lost. */
  async noteWalk(claimed: ClaimedSegment, walk: KeyWalk, published: Position): Promise<boolean> {
    const result = await this.namespace.segments.updateOne(heldBy(claimed), [
      {
        $set: {
          walk: { $literal: walk },
          count: walk.listed,
          published: { $literal: published },
          publishedAt: '$$NOW',
        },
      },
    ]);
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
          walk: null,
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

  async forget(mirrorId: string): Promise<void> {
    await this.namespace.segments.deleteMany({ _id: segmentsOf(mirrorId) });
  }
}

/** Judged by the database's time. */
const FREE = { $expr: { $lte: ['$leaseUntil', '$$NOW'] } };
const DUE_AND_FREE = {
  $expr: { $and: [{ $lte: ['$dueAt', '$$NOW'] }, { $lte: ['$leaseUntil', '$$NOW'] }] },
};
