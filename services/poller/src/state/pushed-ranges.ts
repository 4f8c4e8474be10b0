import type { Namespace, Segment } from '@mirror/namespace';

/**
 * A range into which uploads are pushed is left alone for so long: once they are recorded, a visit confirms them all together,
 * where it would find some of them each time, and say of each what is about to be known.
 */
const MOST_MS = 5_000;

type Range = Pick<Segment, '_id'>;

/** Of one mirror's ranges those that wait for pushes to be recorded, and since when. */
export class PushedRanges {
  /** Start of a range → since when it waits, in monotonic milliseconds. */
  #waiting = new Map<string, number>();

  constructor(
    private readonly namespace: Namespace,
    private readonly mirrorId: string,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Those of these that may be visited now. */
  async without<D extends { readonly segment: Range }>(due: readonly D[]): Promise<D[]> {
    const pushed = await this.#pushedAmong(due.map(({ segment }) => segment._id.a));
    const now = this.now();
    const since = (start: string) => this.#waiting.get(start) ?? now;
    const waiting = [...pushed].filter((start) => now - since(start) < MOST_MS);
    this.#waiting = new Map(waiting.map((start) => [start, since(start)]));
    return due.filter(({ segment }) => !this.#waiting.has(segment._id.a));
  }

  /** Of the ranges that start there. */
  async #pushedAmong(starts: readonly string[]): Promise<ReadonlySet<string>> {
    if (starts.length === 0 || (await this.#firstAfter('')) === undefined) return new Set();
    const pushed = await Promise.all(starts.map((start) => this.#isPushed(start)));
    return new Set(starts.filter((_, index) => pushed[index]));
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
    const first = await this.namespace.pendingOperations.findOne(
      { mirrorId: this.mirrorId, key: { $gt: start }, failed: { $exists: false } },
      { sort: { key: 1 }, projection: { key: 1 } },
    );
    return first?.key;
  }
}
