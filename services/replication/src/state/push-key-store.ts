import type { OperationOutcome } from '@mirror/namespace';
import { type Collection, type Db, MaxKey, MinKey, MongoServerError } from 'mongodb';

interface PushKeyId {
  readonly m: string;
  readonly k: string;
}

/** What the service keeps of a key, as long as the mirror lives. */
interface PushKey {
  readonly _id: PushKeyId;
  readonly holder: string | null;
  /** Counts the changes of holder. */
  readonly epoch: number;
  /** By the database's clock. */
  readonly leaseUntil: Date;
  /** The highest sequence that was done or discarded: at or below it nothing is executed again (rule R10). 0: none. */
  readonly doneSequence: number;
  /** Of that sequence. */
  readonly outcome: OperationOutcome | null;
}

export interface LeasedKey {
  readonly doneSequence: number;
  readonly outcome: OperationOutcome | null;
  /** Aborts well before the database lets somebody else have the key. */
  readonly signal: AbortSignal;
  /** The sequence was done: to be called after its outcome was stored with the operation. */
  done(sequence: number, outcome: OperationOutcome): Promise<void>;
  release(): Promise<void>;
}

const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** The holder believes in its lease for a shorter time than the database does. */
const BELIEF_MS = 11_000;
const DUPLICATE_KEY = 11_000;

/** The right to push a key (rule R10): one holder at a time, judged by the database's clock. */
export class PushKeyStore {
  readonly #keys: Collection<PushKey>;

  constructor(
    db: Db,
    private readonly holder: string,
  ) {
    this.#keys = db.collection('pushKeys', { writeConcern: { w: 'majority' } });
  }

  /** Undefined while another one holds it. */
  async take(mirrorId: string, key: string): Promise<LeasedKey | undefined> {
    const id = { m: mirrorId, k: key };
    const askedAt = performance.now();
    const taken = await this.#write(id);
    return taken && new Lease(this.#keys, taken, this.holder, askedAt).start();
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

  async #write(id: PushKeyId): Promise<PushKey | undefined> {
    const { holder } = this;
    const isMine = { $eq: ['$holder', holder] };
    // A field that is missing sorts before every date: a key that nobody ever had is free.
    const isFree = { $or: [isMine, { $lte: ['$leaseUntil', '$$NOW'] }] };
    const ifFree = (value: unknown, field: string) => ({ $cond: [isFree, value, field] });
    const fields = {
      leaseUntil: ifFree({ $add: ['$$NOW', LEASE_MS] }, '$leaseUntil'),
      epoch: ifFree({ $add: [{ $ifNull: ['$epoch', 0] }, { $cond: [isMine, 0, 1] }] }, '$epoch'),
      holder: ifFree(holder, '$holder'),
      doneSequence: { $ifNull: ['$doneSequence', 0] },
      outcome: { $ifNull: ['$outcome', null] },
    };
    try {
      const options = { upsert: true, returnDocument: 'after' } as const;
      const key = await this.#keys.findOneAndUpdate({ _id: id }, [{ $set: fields }], options);
      return key?.holder === holder ? key : undefined;
    } catch (error) {
      // Two were the very first at once: the other one has it.
      if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return undefined;
      throw error;
    }
  }
}

class Lease implements LeasedKey {
  doneSequence: number;
  outcome: OperationOutcome | null;
  readonly #abort = new AbortController();
  readonly #filter: { readonly _id: PushKeyId; readonly holder: string; readonly epoch: number };
  #renewal: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;

  constructor(
    private readonly keys: Collection<PushKey>,
    { _id, epoch, doneSequence, outcome }: PushKey,
    holder: string,
    private readonly askedAt: number,
  ) {
    this.#filter = { _id, holder, epoch };
    this.doneSequence = doneSequence;
    this.outcome = outcome;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  start(): this {
    this.#believe(this.askedAt);
    this.#renewal = setInterval(() => void this.#renew(), RENEW_MS);
    return this;
  }

  async done(sequence: number, outcome: OperationOutcome): Promise<void> {
    await this.keys.updateOne(
      { ...this.#filter, doneSequence: { $lt: sequence } },
      { $set: { doneSequence: sequence, outcome } },
    );
    if (sequence > this.doneSequence) Object.assign(this, { doneSequence: sequence, outcome });
  }

  async release(): Promise<void> {
    clearInterval(this.#renewal);
    clearTimeout(this.#expiry);
    await this.keys.updateOne(this.#filter, [{ $set: { holder: null, leaseUntil: '$$NOW' } }]);
  }

  async #renew(): Promise<void> {
    const askedAt = performance.now();
    const until = [{ $set: { leaseUntil: { $add: ['$$NOW', LEASE_MS] } } }];
    const renewed = await this.keys.updateOne(this.#filter, until).catch(() => undefined); // the belief runs out by itself
    if (renewed?.matchedCount === 1) this.#believe(askedAt);
  }

  #believe(askedAt: number): void {
    clearTimeout(this.#expiry);
    const left = askedAt + BELIEF_MS - performance.now();
    this.#expiry = setTimeout(() => this.#abort.abort(), Math.max(0, left));
  }
}
