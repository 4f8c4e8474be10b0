import type { OperationOutcome } from '@mirror/namespace';
import type { Document } from 'mongodb';

export interface PushKeyId {
  readonly m: string;
  readonly k: string;
}

/** What the service keeps of a key, as long as the mirror lives. */
export interface PushKey {
  readonly _id: PushKeyId;
  readonly holder: string | null;
  /** Counts how often it was taken. */
  readonly epoch: number;
  /** By the database's clock. */
  readonly leaseUntil: Date;
  /** The highest sequence that was done or discarded: at or below it nothing is executed again (rule R10). 0: none. */
  readonly doneSequence: number;
  /** Of that sequence. */
  readonly outcome: OperationOutcome | null;
}

export interface Done {
  readonly sequence: number;
  readonly outcome: OperationOutcome;
}

export interface LeasedKey {
  readonly doneSequence: number;
  readonly outcome: OperationOutcome | null;
  /** Aborts well before the database lets somebody else have the key. */
  readonly signal: AbortSignal;
  /** To be called before each request: in a process that was stopped, the timer that aborts comes late. */
  abortIfOver(): void;
  /** The sequence was done: to be called after its outcome was stored with the operation. */
  done(done: Done): Promise<void>;
  /** Others may have the key. A second time nothing happens. @param done As for `done`, in the same write. */
  release(done?: Done): Promise<void>;
}

/** A write to a key as long as it is the holder's. */
export interface KeyUpdate {
  readonly filter: { readonly _id: PushKeyId; readonly holder: string; readonly epoch: number };
  readonly update: Document[];
}

export const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** The holder believes in its lease for a shorter time than the database does. */
const BELIEF_MS = 11_000;

export class KeyLease implements LeasedKey {
  doneSequence: number;
  outcome: OperationOutcome | null;
  readonly #abort = new AbortController();
  readonly #filter: KeyUpdate['filter'];
  #renewal: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #released = false;
  /** In monotonic milliseconds. */
  #believedUntil = Number.POSITIVE_INFINITY;

  /** @param write Answers whether the key was the holder's. */
  constructor(
    private readonly write: (update: KeyUpdate) => Promise<boolean>,
    { _id, epoch, doneSequence, outcome }: PushKey,
    holder: string,
    private readonly askedAt: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#filter = { _id, holder, epoch };
    this.doneSequence = doneSequence;
    this.outcome = outcome;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abortIfOver(): void {
    if (this.now() >= this.#believedUntil) this.#abort.abort();
  }

  start(): this {
    this.#believe(this.askedAt);
    this.#renewal = setInterval(() => void this.#renew(), RENEW_MS);
    return this;
  }

  async done(done: Done): Promise<void> {
    await this.#update(highest(done));
    if (done.sequence > this.doneSequence) Object.assign(this, { doneSequence: done.sequence, outcome: done.outcome });
  }

  async release(done?: Done): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    clearInterval(this.#renewal);
    clearTimeout(this.#expiry);
    await this.#update({ holder: null, leaseUntil: '$$NOW', ...(done && highest(done)) });
  }

  async #renew(): Promise<void> {
    const askedAt = performance.now();
    const renewed = await this.#update({ leaseUntil: { $add: ['$$NOW', LEASE_MS] } }).catch(() => false);
    if (renewed && !this.#released) this.#believe(askedAt); // or the belief runs out by itself
  }

  #update(fields: Document): Promise<boolean> {
    return this.write({ filter: this.#filter, update: [{ $set: fields }] });
  }

  #believe(askedAt: number): void {
    clearTimeout(this.#expiry);
    this.#believedUntil = askedAt + BELIEF_MS;
    const left = this.#believedUntil - this.now();
    this.#expiry = setTimeout(() => this.#abort.abort(), Math.max(0, left));
  }
}

/** Both are judged by the document as it was before. */
function highest({ sequence, outcome }: Done): Document {
  const ifHigher = (value: unknown, field: string) => ({ $cond: [{ $lt: ['$doneSequence', sequence] }, value, field] });
  return {
    doneSequence: ifHigher(sequence, '$doneSequence'),
    outcome: ifHigher({ $literal: outcome }, '$outcome'),
  };
}
