import type { LogicalTime } from '@mirror/events';
import type { Collection, Db, Document } from 'mongodb';
import { FIRST_CREDIT, SPLIT_COST } from '../visit/split-credit.js';

export interface MirrorError {
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
  readonly at: Date;
}

/** A pass that compares everything, on request. */
export interface Verification {
  readonly startedAt: Date;
  readonly completedAt: Date | null;
  readonly versionsCompared: number;
  /** Found since it began; said to be applied like all others. */
  readonly differences: number;
}

/** How far the mirror of a bucket is. All times are the database's. */
export interface MirrorProgress {
  readonly _id: string;
  readonly bucket: string;
  /** Last epoch that was given to a lease (rule R4). */
  readonly epoch: number;
  readonly snapshotStartedAt: Date | null;
  readonly snapshotCompletedAt: Date | null;
  /** Versions that it had listed when it was complete; missing before. */
  readonly snapshotVersions?: number;
  readonly passStartedAt: Date;
  readonly lastFullPassAt: Date | null;
  readonly lastFullPassSeconds: number | null;
  /** Since the pass began. */
  readonly requests: number;
  readonly differences: number;
  /** Requests that guesses at unknown key spaces may still cost. */
  readonly splitCredit: number;
  /** Removals are held until every range was visited after this time; null: they are not. */
  readonly removalsHeldSince: Date | null;
  /** Too much is missing at once (rule R6): nothing is removed but what was accepted. */
  readonly suspect: boolean;
  /**
   * Endpoint and bucket whose versions these are. Another one holds removals until it has shown that it has the same
   * versions. Null: the operator accepted whatever comes next.
   */
  readonly target: string | null;
  /** Revision of the last command that was done (rule R2); '0': none. */
  readonly doneRevision: LogicalTime;
  readonly verify: Verification | null;
  readonly lastError: MirrorError | null;
  /** The last requests failed; `lastError` says how. */
  readonly failing: boolean;
}

/** One document a mirror, written by the poller alone. */
export class ProgressStore {
  private readonly progress: Collection<MirrorProgress>;

  constructor(db: Db) {
    this.progress = db.collection<MirrorProgress>('mirrorProgress');
  }

  /** True when the mirror is new: its snapshot begins now. */
  async create(mirrorId: string, bucket: string, target: string): Promise<boolean> {
    const fresh: Document = {
      bucket: { $literal: bucket },
      epoch: 0,
      snapshotStartedAt: '$$NOW',
      snapshotCompletedAt: null,
      passStartedAt: '$$NOW',
      lastFullPassAt: null,
      lastFullPassSeconds: null,
      requests: 0,
      differences: 0,
      splitCredit: FIRST_CREDIT,
      removalsHeldSince: null,
      suspect: false,
      target: { $literal: target },
      doneRevision: '0',
      verify: null,
      lastError: null,
      failing: false,
    };
    const keepKnown = { $replaceWith: { $mergeObjects: [{ _id: mirrorId, ...fresh }, '$$ROOT'] } };
    const result = await this.progress.updateOne({ _id: mirrorId }, [keepKnown], { upsert: true });
    return result.upsertedCount === 1;
  }

  /** So many epochs that nobody else gets; gives back the last of them. */
  async takeEpochs(mirrorId: string, count: number): Promise<number> {
    const counted = await this.progress.findOneAndUpdate(
      { _id: mirrorId },
      { $inc: { epoch: count } },
      { returnDocument: 'after', projection: { epoch: 1 } },
    );
    if (!counted) throw new Error(`mirror ${mirrorId} has no progress document`);
    return counted.epoch;
  }

  read(mirrorId: string): Promise<MirrorProgress | null> {
    return this.progress.findOne({ _id: mirrorId });
  }

  async count(mirrorId: string, requests: number, differences: number, splitCredit: number): Promise<void> {
    await this.progress.updateOne({ _id: mirrorId }, { $inc: { requests, differences, splitCredit } });
    if (differences === 0) return;
    await this.progress.updateOne(
      { _id: mirrorId, 'verify.completedAt': null, verify: { $ne: null } },
      { $inc: { 'verify.differences': differences } },
    );
  }

  /** Pays for so many splits of open ranges, out of what all pollers have earned, or for fewer: for how many it was enough. */
  async spendSplits(mirrorId: string, wanted: number): Promise<number> {
    const affordable = { $floor: { $divide: ['$splitCredit', SPLIT_COST] } };
    const paid = { $max: [0, { $min: [wanted, affordable] }] };
    const before = await this.progress.findOneAndUpdate(
      { _id: mirrorId },
      [{ $set: { splitCredit: { $subtract: ['$splitCredit', { $multiply: [SPLIT_COST, paid] }] } } }],
      { returnDocument: 'before', projection: { splitCredit: 1 } },
    );
    return Math.max(0, Math.min(wanted, Math.floor((before?.splitCredit ?? 0) / SPLIT_COST)));
  }

  async startVerification(mirrorId: string): Promise<void> {
    const verify = { startedAt: '$$NOW', completedAt: null, versionsCompared: 0, differences: 0 };
    await this.progress.updateOne({ _id: mirrorId }, [{ $set: { verify } }]);
  }

  /** Gives back the whole report; null: somebody else completed it, or a later one began. */
  async completeVerification(
    mirrorId: string,
    startedAt: Date,
    versionsCompared: number,
  ): Promise<Verification | null> {
    const after = await this.progress.findOneAndUpdate(
      { _id: mirrorId, 'verify.startedAt': startedAt, 'verify.completedAt': null },
      [{ $set: { 'verify.completedAt': '$$NOW', 'verify.versionsCompared': versionsCompared } }],
      { returnDocument: 'after' },
    );
    return after?.verify ?? null;
  }

  /** After the command's effect, so that one cut off in between is done again. */
  async markDone(mirrorId: string, doneRevision: LogicalTime): Promise<void> {
    await this.progress.updateOne({ _id: mirrorId }, { $set: { doneRevision } });
  }

  /** The operator accepts: no hold by a visit, and no doubt about a new target. */
  async releaseRemovals(mirrorId: string): Promise<void> {
    await this.progress.updateOne({ _id: mirrorId }, { $set: { removalsHeldSince: null, target: null } });
  }

  async trustTarget(mirrorId: string, target: string): Promise<void> {
    await this.progress.updateOne({ _id: mirrorId }, { $set: { target } });
  }

  /** False: somebody else did. */
  async completeSnapshot(mirrorId: string, versionsListed: number): Promise<boolean> {
    const result = await this.progress.updateOne({ _id: mirrorId, snapshotCompletedAt: null }, [
      { $set: { snapshotCompletedAt: '$$NOW', snapshotVersions: { $literal: versionsListed } } },
    ]);
    return result.modifiedCount === 1;
  }

  /** Ends the pass that began at `passStartedAt`, and begins the next; false: somebody else did. */
  async completePass(mirrorId: string, passStartedAt: Date): Promise<boolean> {
    const result = await this.progress.updateOne({ _id: mirrorId, passStartedAt }, [
      {
        $set: {
          lastFullPassAt: '$$NOW',
          lastFullPassSeconds: { $divide: [{ $subtract: ['$$NOW', '$passStartedAt'] }, 1000] },
          passStartedAt: '$$NOW',
          requests: 0,
          differences: 0,
          // A pass that began after the hold ends it.
          removalsHeldSince: { $cond: [{ $lt: ['$removalsHeldSince', '$passStartedAt'] }, null, '$removalsHeldSince'] },
        },
      },
    ]);
    return result.modifiedCount === 1;
  }

  async holdRemovals(mirrorId: string): Promise<void> {
    await this.progress.updateOne({ _id: mirrorId }, [{ $set: { removalsHeldSince: '$$NOW' } }]);
  }

  /** True when it was the other way round until now. */
  async setSuspect(mirrorId: string, suspect: boolean): Promise<boolean> {
    const result = await this.progress.updateOne({ _id: mirrorId, suspect: { $ne: suspect } }, { $set: { suspect } });
    return result.modifiedCount === 1;
  }

  /** True when it was not failing until now. */
  async fail(mirrorId: string, error: Omit<MirrorError, 'at'>): Promise<boolean> {
    const lastError = {
      ...Object.fromEntries(Object.entries(error).map(([k, v]) => [k, { $literal: v }])),
      at: '$$NOW',
    };
    const before = await this.progress.findOneAndUpdate({ _id: mirrorId }, [{ $set: { failing: true, lastError } }]);
    return before?.failing === false;
  }

  /** True when it was failing until now. */
  async succeed(mirrorId: string): Promise<boolean> {
    const result = await this.progress.updateOne({ _id: mirrorId, failing: true }, { $set: { failing: false } });
    return result.modifiedCount === 1;
  }

  async forget(mirrorId: string): Promise<void> {
    await this.progress.deleteOne({ _id: mirrorId });
  }

  async mirrorIds(): Promise<string[]> {
    return (await this.progress.find({}, { projection: { _id: 1 } }).toArray()).map(({ _id }) => _id);
  }
}
