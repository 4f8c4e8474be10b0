import type { LogicalTime } from '@mirror/events';
import { fromTimestamp, type MirroredVersion, toTimestamp } from '@mirror/namespace';
import type { Collection, Db, Timestamp } from 'mongodb';
import type { Candidate } from './judge-removals.js';

interface CandidateDocument {
  readonly _id: { readonly m: string; readonly k: string; readonly v: string };
  readonly state: Candidate['state'];
  readonly missedAt: Timestamp;
  readonly askAgainAt: Date;
  /** How often HEAD still found it: sets the backoff. */
  readonly found: number;
}

const UNLISTED_BACKOFF_BASE_MS = 30_000;
const UNLISTED_BACKOFF_MAX_MS = 3_600_000;

/** The ledger of removal candidates (rule R6): what listings no longer show and the mirror still does. */
export class RemovalLedger {
  private readonly candidates: Collection<CandidateDocument>;

  constructor(db: Db) {
    this.candidates = db.collection<CandidateDocument>('removalCandidates');
  }

  /** What the ledger knows of these versions. */
  async read(
    mirrorId: string,
    versions: readonly MirroredVersion[],
  ): Promise<(version: MirroredVersion) => Candidate | undefined> {
    if (versions.length === 0) return () => undefined;
    const ids = versions.map(({ _id }) => ({ m: mirrorId, ..._id }));
    const known = new Map<string, Candidate>();
    for await (const { _id, state, missedAt, askAgainAt } of this.candidates.find({ _id: { $in: ids } })) {
      known.set(`${_id.v}/${_id.k}`, { state, missedAt: fromTimestamp(missedAt), askAgainAt });
    }
    return ({ _id }) => known.get(`${_id.v}/${_id.k}`);
  }

  /** First omission; one that is there already keeps its time. */
  async add(mirrorId: string, versions: readonly MirroredVersion[], missedAt: LogicalTime): Promise<void> {
    if (versions.length === 0) return;
    const fresh = { state: 'missing' as const, missedAt: toTimestamp(missedAt), askAgainAt: new Date(0), found: 0 };
    await this.candidates.bulkWrite(
      versions.map(({ _id }) => ({
        updateOne: { filter: { _id: { m: mirrorId, ..._id } }, update: { $setOnInsert: fresh }, upsert: true },
      })),
      { ordered: false },
    );
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
    const keep = stillMissing.map(({ _id }) => ({ m: mirrorId, ..._id }));
    const keys = end === null ? { $gt: after } : { $gt: after, $lte: end };
    const result = await this.candidates.deleteMany({ '_id.m': mirrorId, '_id.k': keys, _id: { $nin: keep } });
    return result.deletedCount;
  }

  async counts(mirrorId: string): Promise<{ candidates: number; unlisted: number }> {
    const [candidates, unlisted] = await Promise.all([
      this.candidates.countDocuments({ '_id.m': mirrorId, state: 'missing' }),
      this.candidates.countDocuments({ '_id.m': mirrorId, state: 'unlisted' }),
    ]);
    return { candidates, unlisted };
  }

  async forget(mirrorId: string): Promise<void> {
    await this.candidates.deleteMany({ '_id.m': mirrorId });
  }

  async init(): Promise<void> {
    await this.candidates.createIndex({ '_id.m': 1, '_id.k': 1 }, { name: 'range' });
  }
}
