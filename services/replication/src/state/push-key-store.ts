import { type Collection, type Db, type Document, MaxKey, MinKey, MongoBulkWriteError } from 'mongodb';
import { GroupCommit } from '../group-commit.js';
import { KeyLease, type KeyUpdate, LEASE_MS, type LeasedKey, type PushKey, type PushKeyId } from './key-lease.js';

const DUPLICATE_KEY = 11_000;
const MAX_KEYS = 256;

/** The right to push a key (rule R10): one holder at a time, judged by the database's clock. */
export class PushKeyStore {
  readonly #keys: Collection<PushKey>;
  readonly #take = new GroupCommit((ids: readonly PushKeyId[]) => this.#takeAll(ids), MAX_KEYS);
  readonly #update = new GroupCommit((updates: readonly KeyUpdate[]) => this.#updateAll(updates), MAX_KEYS);

  constructor(
    db: Db,
    private readonly holder: string,
  ) {
    this.#keys = db.collection('pushKeys', { writeConcern: { w: 'majority' } });
  }

  /** Undefined while another one holds it. One process takes a key again only after it has released it. */
  async take(mirrorId: string, key: string): Promise<LeasedKey | undefined> {
    const taken = await this.#take.run({ m: mirrorId, k: key });
    return taken && new KeyLease((update) => this.#update.run(update), taken.key, this.holder, taken.askedAt).start();
  }

  /** The mirrors of which there is something, current or not: one look-up each. */
  async mirrorIds(): Promise<string[]> {
    const ids: string[] = [];
    for (let after: unknown = { m: new MinKey(), k: new MinKey() }; ; ) {
      const next = await this.#keys.findOne(
        { _id: { $gt: after as PushKeyId } },
        { sort: { _id: 1 }, projection: { _id: 1 } },
      );
      if (!next) return ids;
      ids.push(next._id.m);
      after = { m: next._id.m, k: new MaxKey() };
    }
  }

  async forget(mirrorId: string): Promise<void> {
    const all = { $gte: { m: mirrorId, k: '' }, $lt: { m: mirrorId, k: new MaxKey() as unknown as string } };
    await this.#keys.deleteMany({ _id: all });
  }

  /** Who has a key is read after the write: a write of many does not tell it of each. */
  async #takeAll(ids: readonly PushKeyId[]): Promise<({ key: PushKey; askedAt: number } | undefined)[]> {
    const askedAt = performance.now();
    const update = [{ $set: takenBy(this.holder) }];
    const writes = ids.map((_id) => ({ updateOne: { filter: { _id }, update, upsert: true } }));
    await this.#keys.bulkWrite(writes, { ordered: false }).catch(unlessOthersWereFirst);
    const mine = await this.#mine(ids);
    return ids.map((id) => {
      const key = mine.get(nameOf(id));
      return key && { key, askedAt };
    });
  }

  /** Answers of each whether the key was the holder's. A write of many does not tell: where one was not, they are read. */
  async #updateAll(updates: readonly KeyUpdate[]): Promise<boolean[]> {
    const writes = updates.map((updateOne) => ({ updateOne }));
    const { matchedCount } = await this.#keys.bulkWrite(writes, { ordered: false });
    if (matchedCount === updates.length) return updates.map(() => true);
    const mine = await this.#mine(updates.map(({ filter }) => filter._id));
    return updates.map(({ filter }) => mine.get(nameOf(filter._id))?.epoch === filter.epoch);
  }

  async #mine(ids: readonly PushKeyId[]): Promise<ReadonlyMap<string, PushKey>> {
    const found = await this.#keys.find({ _id: { $in: [...ids] }, holder: this.holder }).toArray();
    return new Map(found.map((key) => [nameOf(key._id), key]));
  }
}

const nameOf = ({ m, k }: PushKeyId): string => `${m}/${k}`;

/** Where the key is free. */
function takenBy(holder: string): Document {
  // A field that is missing sorts before every date: a key that nobody ever had is free.
  const isFree = { $or: [{ $eq: ['$holder', holder] }, { $lte: ['$leaseUntil', '$$NOW'] }] };
  const ifFree = (value: unknown, field: string) => ({ $cond: [isFree, value, field] });
  return {
    leaseUntil: ifFree({ $add: ['$$NOW', LEASE_MS] }, '$leaseUntil'),
    epoch: ifFree({ $add: [{ $ifNull: ['$epoch', 0] }, 1] }, '$epoch'),
    holder: ifFree(holder, '$holder'),
    doneSequence: { $ifNull: ['$doneSequence', 0] },
    outcome: { $ifNull: ['$outcome', null] },
  };
}

/** Two were the very first for a key at once: the other one has it. */
function unlessOthersWereFirst(error: unknown): void {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
  const failures = [error.writeErrors].flat();
  if (failures.length === 0 || failures.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
}
