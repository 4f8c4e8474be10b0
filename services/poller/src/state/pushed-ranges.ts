import type { Namespace, PendingOperation, Segment } from '@mirror/namespace';

/**
 * A range into which uploads are pushed is left alone for so long: once they are recorded, a visit confirms them all together,
 * where it would find some of them each time, and say of each what is about to be known.
 */
const MOST_MS = 5_000;
/** How often it is looked whether they are recorded. */
const LOOK_MS = 1_000;
/** Where uploads go everywhere, or none of them gets on, all others are visited as ever. */
const MOST_RANGES = 64;
/** Of a range that is due no more. */
const FORGET_MS = 60_000;
/** Pending operations of a range that are looked at, for one that has not failed. */
const LOOKED_AT = 20;

interface Wait {
  readonly since: number;
  lookAt: number;
}

type Range = Pick<Segment, '_id'>;

/** Of one mirror's ranges those that wait for pushes to be recorded, and since when. */
export class PushedRanges {
  /** Start of a range → its wait, in monotonic milliseconds. One that is over stays until the range is visited. */
  readonly #waits = new Map<string, Wait>();

  constructor(
    private readonly namespace: Namespace,
    private readonly mirrorId: string,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Nothing is to be asked of it yet. */
  isWaiting({ _id: { a: start } }: Range): boolean {
    const wait = this.#waits.get(start);
    return wait !== undefined && this.now() < Math.min(wait.lookAt, wait.since + MOST_MS);
  }

  /** Those of these that may be visited now, and are about to be. */
  async without<D extends { readonly segment: Range }>(due: readonly D[]): Promise<D[]> {
    this.#forgetOld();
    if (due.length === 0 || !(await this.#hasAny())) return [...due];
    const mayBeVisited = await Promise.all(due.map(({ segment }) => this.#mayBeVisited(segment._id.a)));
    return due.filter((_, index) => mayBeVisited[index]);
  }

  async #mayBeVisited(start: string): Promise<boolean> {
    const isPushed = await this.#isPushed(start);
    const now = this.now();
    const wait = this.#waits.get(start);
    const { since } = wait ?? { since: now };
    const isOver = !isPushed || now - since >= MOST_MS || (!wait && this.#waits.size >= MOST_RANGES);
    if (isOver) this.#waits.delete(start);
    else this.#waits.set(start, { since, lookAt: now + LOOK_MS });
    return isOver;
  }

  #forgetOld(): void {
    const now = this.now();
    for (const [start, { since }] of this.#waits) if (now - since >= FORGET_MS) this.#waits.delete(start);
  }

  async #hasAny(): Promise<boolean> {
    const { namespace, mirrorId } = this;
    return (await namespace.pendingOperations.findOne({ mirrorId }, { projection: { _id: 1 } })) !== null;
  }

  /** Whether an upload into this range is not recorded yet. */
  async #isPushed(start: string): Promise<boolean> {
    const key = await this.#firstAfter(start);
    if (key === undefined) return false;
    const isOfLater = { '_id.m': this.mirrorId, '_id.a': { $gt: start, $lt: key } };
    return (await this.namespace.segments.findOne(isOfLater, { projection: { _id: 1 } })) === null;
  }

  /** What failed waits for people. */
  async #firstAfter(start: string): Promise<string | undefined> {
    const some = await this.namespace.pendingOperations
      .find({ mirrorId: this.mirrorId, key: { $gt: start } })
      .project<Pick<PendingOperation, 'key' | 'failed'>>({ key: 1, failed: 1 })
      .sort({ key: 1 })
      .limit(LOOKED_AT)
      .toArray();
    return some.find(({ failed }) => failed === undefined)?.key;
  }
}
