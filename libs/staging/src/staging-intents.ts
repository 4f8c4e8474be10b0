import { FatalError, PermanentError } from '@mirror/runtime';
import type { ClientSession, Collection, Db } from 'mongodb';

/**
 * Says that bytes are, or were, about to be staged. *Open* from before the first byte; *committed* in the transaction that
 * accepts the operation that they belong to; *abandoned* when nobody will commit it any more. Only one of the two can follow
 * open, by compare-and-set (rule R9).
 */
export interface StagingIntent {
  /** The staged id. */
  readonly _id: string;
  readonly mirrorId: string;
  readonly bucket: string;
  readonly key: string;
  /** Of a part: its multipart upload. */
  readonly uploadId?: string;
  /** The part is registered with its upload: it stays open as long as that lives, whatever its age. */
  readonly attached?: true;
  readonly state: 'open' | 'committed' | 'abandoned';
  readonly operationId?: string;
  /** When it was opened, by the database's clock. */
  readonly at: Date;
}

export type NewIntent = Pick<StagingIntent, 'mirrorId' | 'bucket' | 'key' | 'uploadId'> & { readonly stagedId: string };

/** What a sweep takes from the store at once. */
const PAGE = 500;

export class StagingIntents {
  readonly #intents: Collection<StagingIntent>;

  constructor(db: Db) {
    this.#intents = db.collection('stagingIntents', { writeConcern: { w: 'majority' } });
  }

  async init(): Promise<void> {
    await this.#intents.createIndexes([
      { key: { state: 1, at: 1 }, name: 'sweep' },
      { key: { uploadId: 1 }, name: 'upload', sparse: true },
      { key: { mirrorId: 1 }, name: 'mirror' },
    ]);
  }

  /** Before the first byte is staged. */
  async open({ stagedId, ...intent }: NewIntent): Promise<void> {
    // An upsert, because only an update is stamped with the database's clock.
    const fresh = { $setOnInsert: { ...intent, state: 'open' as const }, $currentDate: { at: true as const } };
    await this.#intents.updateOne({ _id: stagedId }, fresh, { upsert: true });
  }

  /** In the transaction that registers the part with its upload. PermanentError STAGING.ABANDONED. */
  async attach(session: ClientSession, stagedId: string): Promise<void> {
    const result = await this.#intents.updateOne(
      { _id: stagedId, state: 'open' },
      { $set: { attached: true } },
      { session },
    );
    if (result.matchedCount !== 1) throw abandoned(1);
  }

  /** In the transaction that accepts the operation. PermanentError STAGING.ABANDONED when one of them is not open. */
  async commit(session: ClientSession, stagedIds: readonly string[], operationId: string): Promise<void> {
    if (!session.inTransaction()) throw noTransaction();
    const { matchedCount } = await this.#intents.updateMany(
      { _id: { $in: [...stagedIds] }, state: 'open' },
      { $set: { state: 'committed', operationId } },
      { session },
    );
    if (matchedCount !== stagedIds.length) throw abandoned(stagedIds.length - matchedCount);
  }

  /** A restored database has lost them, or their commit; the bytes are there. In the transaction that remakes the operation. */
  async recommit(
    session: ClientSession,
    owner: Pick<StagingIntent, 'mirrorId' | 'bucket' | 'key'> & { readonly operationId: string },
    stagedIds: readonly string[],
  ): Promise<void> {
    const update = { $set: { ...owner, state: 'committed' as const }, $currentDate: { at: true as const } };
    for (const _id of stagedIds) await this.#intents.updateOne({ _id }, update, { session, upsert: true });
  }

  /** Nobody will commit them: at once, for what was refused, replaced or cut off. Committed ones stay. */
  async abandon(stagedIds: readonly string[], session?: ClientSession): Promise<void> {
    await this.#intents.updateMany(
      { _id: { $in: [...stagedIds] }, state: 'open' },
      { $set: { state: 'abandoned' } },
      { session },
    );
  }

  /** All open parts of an upload, in the transaction that aborts or completes it (after {@link commit}, then). */
  async abandonUpload(session: ClientSession, uploadId: string): Promise<void> {
    await this.#intents.updateMany({ uploadId, state: 'open' }, { $set: { state: 'abandoned' } }, { session });
  }

  /** The mirror's life ended: nothing of it will be pushed. Committed ones, too. Answers how many. */
  async abandonMirror(mirrorId: string): Promise<number> {
    const result = await this.#intents.updateMany(
      { mirrorId, state: { $ne: 'abandoned' } },
      { $set: { state: 'abandoned' } },
    );
    return result.modifiedCount;
  }

  /**
   * Moves what was opened longer ago than this, and was neither committed nor attached to an upload. The age must exceed
   * what an upload of one part may take. @param limit At most so many at once. Answers how many.
   */
  async abandonOlder(olderThanMs: number, limit: number): Promise<number> {
    const old = { $expr: { $lt: ['$at', { $subtract: ['$$NOW', olderThanMs] }] } };
    const orphans = { state: 'open' as const, attached: { $exists: false }, ...old };
    const found = await this.#intents.find(orphans, { projection: { _id: 1 }, limit }).toArray();
    if (found.length === 0) return 0;
    const result = await this.#intents.updateMany(
      { _id: { $in: found.map(({ _id }) => _id) }, state: 'open', attached: { $exists: false } },
      { $set: { state: 'abandoned' } },
    );
    return result.modifiedCount;
  }

  /** Their bytes are to be removed, then they themselves ({@link remove}). */
  abandoned(limit: number): Promise<StagingIntent[]> {
    return this.#intents.find({ state: 'abandoned' }, { limit, readConcern: { level: 'majority' } }).toArray();
  }

  /**
   * Committed ones whose operation is no longer among the pending ones, in pages. The intents are read first: an operation
   * and its commit become visible together, so that one that is missing afterwards is over.
   */
  async *committedWithout(pending: Collection<{ _id: string }>): AsyncGenerator<StagingIntent[], void> {
    const readConcern = { level: 'majority' } as const;
    let after = '';
    for (;;) {
      const page = await this.#intents
        .find({ _id: { $gt: after }, state: 'committed' }, { sort: { _id: 1 }, limit: PAGE, readConcern })
        .toArray();
      const last = page.at(-1);
      if (last === undefined) return;
      after = last._id;
      const operations = [...new Set(page.map(({ operationId }) => operationId ?? ''))];
      const alive = await pending.find({ _id: { $in: operations } }, { projection: { _id: 1 }, readConcern }).toArray();
      const waiting = new Set(alive.map(({ _id }) => _id));
      const over = page.filter(({ operationId = '' }) => !waiting.has(operationId));
      if (over.length > 0) yield over;
    }
  }

  /** Of these staged ids, those that have an intent. */
  async known(stagedIds: readonly string[]): Promise<ReadonlySet<string>> {
    const found = await this.#intents
      .find({ _id: { $in: [...stagedIds] } }, { projection: { _id: 1 }, readConcern: { level: 'majority' } })
      .toArray();
    return new Set(found.map(({ _id }) => _id));
  }

  /** After its bytes were removed. */
  async remove(stagedIds: readonly string[]): Promise<void> {
    await this.#intents.deleteMany({ _id: { $in: [...stagedIds] } });
  }

  /** The mirrors that have some. */
  mirrorIds(): Promise<string[]> {
    return this.#intents.distinct('mirrorId');
  }
}

const abandoned = (count: number): PermanentError =>
  new PermanentError(`${count} of the staged parts were given up meanwhile`, {
    code: 'STAGING.ABANDONED',
    hint: 'Upload again: it took longer than staged bytes without an operation are kept.',
  });

const noTransaction = (): FatalError =>
  new FatalError('Staged bytes are committed with the operation that they belong to', {
    code: 'STAGING.NO_TRANSACTION',
    hint: 'Call it inside session.withTransaction, with that session.',
  });
