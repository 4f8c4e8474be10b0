import type { LogicalTime } from '@mirror/events';
import { fromTimestamp, type MirroredVersion, toTimestamp } from '@mirror/namespace';
import { type Collection, type Db, type Timestamp } from 'mongodb';
import type { Candidate } from '../visit/judge-removals.js';
import type { LedgerTotals } from '../visit/judge-suspicion.js';

interface CandidateDocument {
  readonly _id: { readonly m: string; readonly k: string; readonly v: string };
  /** `removing`: its removal has been published; it leaves the ledger when the mirror no longer shows it. */
  readonly state: Candidate['state'] | 'removing';
  /** Its place in the ledger: an acceptance names the last one that it covers. */
  readonly seq: number;
  readonly missedAt: Timestamp;
  readonly askAgainAt: Date;
  /** How often HEAD still found it: sets the backoff. */
  readonly found: number;
}

/** Removals and version counts of one mirror and one minute. */
interface MinuteDocument {
  readonly _id: { readonly m: string; readonly at: Date };
  readonly removed?: number;
  readonly versions?: number;
}

const HOUR_MS = 3_600_000;
const MINUTES_KEPT_SECONDS = 2 * 3_600;
const UNLISTED_BACKOFF_BASE_MS = 30_000;
const UNLISTED_BACKOFF_MAX_MS = 3_600_000;

/** The ledger of removal candidates (rule R6): what listings no longer show and the mirror still does. */
export class RemovalLedger {
  private readonly candidates: Collection<CandidateDocument>;
  private readonly minutes: Collection<MinuteDocument>;
  private readonly sequences: Collection<{ readonly _id: string; readonly seq: number; readonly accepted: number }>;

  constructor(db: Db) {
    this.candidates = db.collection('removalCandidates');
    this.minutes = db.collection('removalMinutes');
    this.sequences = db.collection('removalLedgers');
  }

  /** What the ledger knows of these versions. */
  async read(
    mirrorId: string,
    versions: readonly MirroredVersion[],
  ): Promise<(version: MirroredVersion) => Candidate | undefined> {
    if (versions.length === 0) return () => undefined;
    const ids = versions.map(({ _id }) => ({ m: mirrorId, ..._id }));
    const known = new Map<string, Candidate>();
    const accepted = await this.accepted(mirrorId);
    for (const chunk of chunksOf(ids)) {
      for await (const { _id, state, missedAt, askAgainAt, seq } of this.candidates.find({ _id: { $in: chunk } })) {
        const candidate = { missedAt: fromTimestamp(missedAt), askAgainAt, accepted: seq <= accepted };
        // A removal that was published and is not applied yet is asked for again, like one that was only missed.
        known.set(`${_id.v}/${_id.k}`, { state: state === 'unlisted' ? state : 'missing', ...candidate });
      }
    }
    return ({ _id }) => known.get(`${_id.v}/${_id.k}`);
  }

  /** First omission; one that is there already keeps its time. */
  async add(mirrorId: string, versions: readonly MirroredVersion[], missedAt: LogicalTime): Promise<void> {
    if (versions.length === 0) return;
    const first = await this.takeSequence(mirrorId, versions.length);
    const fresh = { state: 'missing' as const, missedAt: toTimestamp(missedAt), askAgainAt: new Date(0), found: 0 };
    await this.candidates.bulkWrite(
      versions.map(({ _id }, index) => ({
        updateOne: {
          filter: { _id: { m: mirrorId, ..._id } },
          update: { $setOnInsert: { ...fresh, seq: first + index } },
          upsert: true,
        },
      })),
      { ordered: false },
    );
  }

  /** Its removal is published: counted once, in this minute, unless an acceptance covers it. */
  async markRemoving(mirrorId: string, versions: readonly MirroredVersion[], now: Date): Promise<void> {
    if (versions.length === 0) return;
    const accepted = await this.accepted(mirrorId);
    let counted = 0;
    for (const chunk of chunksOf(versions.map(({ _id }) => ({ m: mirrorId, ..._id })))) {
      const first = { _id: { $in: chunk }, state: { $ne: 'removing' as const } };
      counted += await this.candidates.countDocuments({ ...first, seq: { $gt: accepted } });
      await this.candidates.updateMany(first, { $set: { state: 'removing' } });
    }
    await this.minutes.updateOne({ _id: minuteOf(mirrorId, now) }, { $inc: { removed: counted } }, { upsert: true });
  }

  /** HEAD still found it: a stored state, asked again with backoff. */
  async markUnlisted(mirrorId: string, { _id }: MirroredVersion, now: Date): Promise<void> {
    const id = { m: mirrorId, ..._id };
    const before = await this.candidates.findOneAndUpdate(
      { _id: id },
      { $inc: { found: 1 }, $set: { state: 'unlisted' } },
    );
    const delayMs = Math.min(UNLISTED_BACKOFF_MAX_MS, UNLISTED_BACKOFF_BASE_MS * 2 ** Math.min(before?.found ?? 0, 20));
    await this.candidates.updateOne({ _id: id }, { $set: { askAgainAt: new Date(now.getTime() + delayMs) } });
  }

  /** Versions of a range that are candidates no more: listed again, or removed from the mirror. */
  async settle(
    mirrorId: string,
    after: string,
    end: string | null,
    stillMissing: readonly MirroredVersion[],
  ): Promise<number> {
    const keep = new Set(stillMissing.map(({ _id }) => `${_id.v}/${_id.k}`));
    const keys = end === null ? { $gt: after } : { $gt: after, $lte: end };
    const inRange = await this.candidates
      .find({ '_id.m': mirrorId, '_id.k': keys }, { projection: { _id: 1 } })
      .toArray();
    const settled = inRange.filter(({ _id }) => !keep.has(`${_id.v}/${_id.k}`)).map(({ _id }) => _id);
    for (const chunk of chunksOf(settled)) await this.candidates.deleteMany({ _id: { $in: chunk } });
    return settled.length;
  }

  /** Remembers how many versions the mirror has at this minute; the first of a minute stands. */
  async sample(mirrorId: string, versions: number, now: Date): Promise<void> {
    const sampled = { $ifNull: ['$versions', versions] };
    await this.minutes.updateOne({ _id: minuteOf(mirrorId, now) }, [{ $set: { versions: sampled } }], { upsert: true });
  }

  /** What rule R6's suspicion weighs. Before the mirror is an hour old, its oldest count stands for the hour ago. */
  async totals(mirrorId: string, now: Date): Promise<LedgerTotals> {
    const hourAgo = new Date(now.getTime() - HOUR_MS);
    const accepted = await this.accepted(mirrorId);
    const candidates = await this.candidates.countDocuments({
      '_id.m': mirrorId,
      state: 'missing',
      seq: { $gt: accepted },
    });
    const minutes = await this.minutes.find({ '_id.m': mirrorId }, { sort: { '_id.at': 1 } }).toArray();
    const removed = minutes
      .filter(({ _id }) => _id.at > hourAgo)
      .reduce((sum, minute) => sum + (minute.removed ?? 0), 0);
    const sampled = minutes.filter(({ versions }) => versions !== undefined);
    const base = sampled.findLast(({ _id }) => _id.at <= hourAgo) ?? sampled[0];
    return { candidates, removedLastHour: removed, versionsAnHourAgo: base?.versions ?? 0 };
  }

  /**
   * The operator accepts what the ledger held up to and with `ledger`; what was removed so far counts no more. Never more
   * than the ledger has reached: a database that was restored gives later numbers once more, to other versions.
   */
  async accept(mirrorId: string, ledger: number): Promise<void> {
    const seq = { $ifNull: ['$seq', 0] };
    const accepted = { $max: ['$accepted', { $min: [{ $literal: ledger }, seq] }] };
    await this.sequences.updateOne({ _id: mirrorId }, [{ $set: { seq, accepted } }], { upsert: true });
    await this.minutes.updateMany({ '_id.m': mirrorId }, { $unset: { removed: '', versions: '' } });
  }

  async counts(mirrorId: string): Promise<{ candidates: number; unlisted: number; ledger: number }> {
    const [candidates, unlisted, sequence] = await Promise.all([
      this.candidates.countDocuments({ '_id.m': mirrorId, state: 'missing' }),
      this.candidates.countDocuments({ '_id.m': mirrorId, state: 'unlisted' }),
      this.sequences.findOne({ _id: mirrorId }),
    ]);
    return { candidates, unlisted, ledger: sequence?.seq ?? 0 };
  }

  async forget(mirrorId: string): Promise<void> {
    await this.candidates.deleteMany({ '_id.m': mirrorId });
    await this.minutes.deleteMany({ '_id.m': mirrorId });
    await this.sequences.deleteOne({ _id: mirrorId });
  }

  async init(): Promise<void> {
    await this.candidates.createIndex({ '_id.m': 1, '_id.k': 1 }, { name: 'range' });
    await this.minutes.createIndex({ '_id.at': 1 }, { name: 'age', expireAfterSeconds: MINUTES_KEPT_SECONDS });
  }

  private async accepted(mirrorId: string): Promise<number> {
    return (await this.sequences.findOne({ _id: mirrorId }))?.accepted ?? 0;
  }

  /** The first of `count` numbers that nobody else gets. */
  private async takeSequence(mirrorId: string, count: number): Promise<number> {
    const taken = await this.sequences.findOneAndUpdate(
      { _id: mirrorId },
      { $inc: { seq: count } },
      { upsert: true, returnDocument: 'after' },
    );
    return (taken?.seq ?? count) - count + 1;
  }
}

/** A query's ids must fit into one document. */
const IDS_A_QUERY = 1_000;

function chunksOf<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / IDS_A_QUERY);
  return Array.from({ length: count }, (_, index) => items.slice(index * IDS_A_QUERY, (index + 1) * IDS_A_QUERY));
}

const MINUTE_MS = 60_000;

const minuteOf = (m: string, now: Date) => ({ m, at: new Date(Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS) });
