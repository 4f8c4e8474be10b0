import { type Collection, type Db, MongoServerError } from 'mongodb';

interface LeaseDocument {
  readonly _id: 'relay';
  readonly holder: string;
  /** By the database's clock. */
  readonly until: Date;
  /** Counts the changes of holder. */
  readonly epoch: number;
}

const DUPLICATE_KEY = 11_000;

/**
 * The right to relay, held by one process at a time, judged by the database's clock. A holder believes in it for a shorter
 * time than the database does, by its own monotonic clock, so that a process that was stopped for a while knows when it wakes.
 */
export class RelayLease {
  readonly #leases: Collection<LeaseDocument>;
  #believedUntil = 0;

  constructor(
    db: Db,
    name: string,
    private readonly holder: string,
    private readonly leaseMs: number,
  ) {
    this.#leases = db.collection(`${name}.lease`);
  }

  get held(): boolean {
    return performance.now() < this.#believedUntil;
  }

  /** As {@link take}, but asks the database only when the belief will soon end. */
  async keep(): Promise<boolean> {
    return performance.now() < this.#believedUntil - this.leaseMs / 3 || this.take();
  }

  /** Takes the lease, or prolongs it; false while another one holds it. */
  async take(): Promise<boolean> {
    const asked = performance.now();
    const taken = await this.#write();
    // Two thirds: the database counts from when it wrote, which was not before we asked.
    this.#believedUntil = taken ? asked + (this.leaseMs * 2) / 3 : 0;
    return taken;
  }

  /** Lets the next one begin at once. */
  async release(): Promise<void> {
    this.#believedUntil = 0;
    await this.#leases.updateOne({ _id: 'relay', holder: this.holder }, [{ $set: { until: '$$NOW' } }]);
  }

  async #write(): Promise<boolean> {
    const { holder, leaseMs } = this;
    const isMine = { $eq: ['$holder', holder] };
    // A field that is missing sorts before every date: a lease that nobody ever had is free.
    const isFree = { $or: [isMine, { $lte: ['$until', '$$NOW'] }] };
    const setIfFree = (value: unknown, field: string) => ({ $cond: [isFree, value, field] });
    const fields = {
      until: setIfFree({ $add: ['$$NOW', leaseMs] }, '$until'),
      epoch: setIfFree({ $add: [{ $ifNull: ['$epoch', 0] }, { $cond: [isMine, 0, 1] }] }, '$epoch'),
      holder: setIfFree(holder, '$holder'),
    };
    const options = { upsert: true, returnDocument: 'after', writeConcern: { w: 'majority' } } as const;
    try {
      const lease = await this.#leases.findOneAndUpdate({ _id: 'relay' }, [{ $set: fields }], options);
      return lease?.holder === holder;
    } catch (error) {
      // Two were the very first at once: the other one has it.
      if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return false;
      throw error;
    }
  }
}
