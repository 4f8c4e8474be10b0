import type { Position } from '@mirror/kafka';
import {
  compareKeys,
  type HintedKey,
  type Namespace,
  type Segment,
  type SegmentId,
  segmentEnd,
  segmentsOf,
} from '@mirror/namespace';
import type { Document, Filter } from 'mongodb';
import type { ClaimedSegment } from './claimed-segment.js';
import { HINTS_SINCE_CLAIM } from './hints-since-claim.js';

/** A key of a mirror to be looked at soon. */
export interface KeyHint {
  readonly key: string;
  /** What no listing shows is to be read anew, too. */
  readonly describe: boolean;
}

/** How a visit of hinted keys leaves its segment. */
export interface HintedOutcome {
  /** Null: nothing differed. */
  readonly published: Position | null;
  readonly undescribed: boolean;
  /** All of the segment is to be listed. */
  readonly needsRange: boolean;
}

/** With more of them hinted, all of the segment is listed. */
const MAX_KEYS = 16;
const NEVER = new Date(0);

/**
 * Hints, kept with the segment that holds the key. They are pointers, coalesced by key and then by segment: whatever is sent,
 * a segment holds a few. A visit's end drops those that came before its claim, and keeps the later ones (rule R8).
 */
export class HintStore {
  constructor(private readonly namespace: Namespace) {}

  async init(): Promise<void> {
    await this.namespace.segments.createIndex(
      { '_id.m': 1, hintedAt: 1 },
      { name: 'hinted', partialFilterExpression: { hintedAt: { $gt: NEVER } } },
    );
  }

  /** False: the mirror has no segments (yet), and its first listing will show what was hinted at. */
  async note(mirrorId: string, hints: readonly KeyHint[]): Promise<boolean> {
    const sorted = hints.toSorted((a, b) => compareKeys(a.key, b.key));
    for (let first = sorted[0]; first !== undefined; first = sorted[0]) {
      const only = sorted.length === 1;
      const segment = await this.namespace.segments.findOne(holderOf(mirrorId, first.key), {
        sort: { _id: -1 },
        projection: { _id: 1 },
      });
      if (!segment) return false;
      const end = only ? null : await segmentEnd(this.namespace.segments, segment._id);
      const beyond = sorted.findIndex(({ key }) => end !== null && compareKeys(key, end) > 0);
      await this.add(segment._id, sorted.splice(0, beyond < 0 ? sorted.length : beyond));
    }
    return true;
  }

  /** Hinted segments that are free and were listed at least once, those first whose hint waits longest. */
  hinted(mirrorId: string, now: Date): AsyncIterable<Segment> {
    const waiting: Filter<Segment> = { hintedAt: { $gt: NEVER }, leaseUntil: { $lte: now }, visitedAt: { $ne: null } };
    return this.namespace.segments.find({ '_id.m': mirrorId, ...waiting }, { sort: { hintedAt: 1 }, batchSize: 20 });
  }

  /** Ends a visit of hinted keys. Nothing is confirmed, and the segment's own due time stays. */
  async finish({ segment, epoch }: ClaimedSegment, outcome: HintedOutcome): Promise<void> {
    const { published, undescribed, needsRange } = outcome;
    const told = published === null ? {} : { published: { $literal: published }, publishedAt: '$$NOW' };
    await this.namespace.segments.updateOne({ _id: segment._id, epoch }, [
      {
        $set: {
          ...(needsRange ? { hintedAt: '$$NOW', hintedKeys: null } : HINTS_SINCE_CLAIM),
          ...told,
          undescribed: undescribed ? true : '$undescribed',
          holder: null,
          leaseUntil: { $literal: NEVER },
        },
      },
    ]);
  }

  private async add(_id: SegmentId, hints: readonly KeyHint[]): Promise<void> {
    const named = [
      ...new Map(hints.map(({ key, describe }) => [`${describe}/${key}`, { k: key, d: describe }])).values(),
    ];
    const added = named.map((hint) => ({ ...literalOf(hint), at: '$$NOW' }));
    const others = { $filter: { input: '$hintedKeys', as: 'one', cond: { $not: [isOneOf('$$one', named)] } } };
    const all = { $concatArrays: [{ $ifNull: [others, []] }, added] };
    const overflowed = { $and: [{ $gt: ['$hintedAt', NEVER] }, { $eq: ['$hintedKeys', null] }] };
    const tooMany = { $gt: [{ $size: all }, MAX_KEYS] };
    const hintedKeys = { $cond: [{ $or: [overflowed, tooMany] }, null, all] };
    await this.namespace.segments.updateOne({ _id }, [{ $set: { hintedKeys, hintedAt: '$$NOW' } }]);
  }
}

const holderOf = (mirrorId: string, key: string): Filter<Segment> => ({
  _id: { $gte: segmentsOf(mirrorId).$gte, $lt: { m: mirrorId, a: key } },
});

/** In a pipeline a text that begins with a dollar would be read as a field. */
const literalOf = ({ k, d }: Omit<HintedKey, 'at'>): Document => ({ k: { $literal: k }, d: { $literal: d } });

const isOneOf = (one: string, hints: readonly Omit<HintedKey, 'at'>[]): Document => ({
  $in: [{ k: `${one}.k`, d: `${one}.d` }, hints.map(literalOf)],
});
