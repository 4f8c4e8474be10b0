import { TransientError } from '@mirror/runtime';

/** Slower answers are no reason to ask for more at once. */
const SLOW_MS = 2_000;
/** Nor is an answer that came just in time: the requests of a poller time out after twice as long. */
const OVERLOADED_MS = 5_000;
const FIRST_LIMIT = 4;
const OVERLOAD_CODES = new Set(['S3.TIMEOUT', 'S3.THROTTLED']);

/**
 * How many listings of one endpoint may be under way at once. Some endpoints answer many no faster than one after the other,
 * until all of them time out. Two modes: *opening*, in which each quick answer lets one more go, until the first sign of
 * overload halves the limit; and *probing* from then on, in which it grows by one a round of quick answers, and is halved by each
 * further sign.
 */
export class RequestWindow {
  private limit: number;
  private opening = true;
  private underWay = 0;
  /** Grows with each halving: what was sent before it says nothing about the limit since. */
  private generation = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly most: number,
    /** Milliseconds. */
    private readonly now: () => number,
  ) {
    this.limit = Math.min(FIRST_LIMIT, most);
  }

  async run<T>(send: () => Promise<T>): Promise<T> {
    if (this.underWay >= this.limitNow) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.underWay += 1;
    const { generation } = this;
    const sentAt = this.now();
    try {
      const answer = await send();
      this.noteAnswer(this.now() - sentAt, generation);
      return answer;
    } catch (error) {
      if (error instanceof TransientError && OVERLOAD_CODES.has(error.code)) this.halve(generation);
      throw error;
    } finally {
      this.underWay -= 1;
      this.letIn();
    }
  }

  get limitNow(): number {
    return Math.floor(this.limit);
  }

  private noteAnswer(ms: number, generation: number): void {
    if (ms >= OVERLOADED_MS) this.halve(generation);
    else if (ms < SLOW_MS) this.limit = Math.min(this.most, this.limit + (this.opening ? 1 : 1 / this.limit));
  }

  private halve(generation: number): void {
    if (generation !== this.generation) return;
    this.generation += 1;
    this.opening = false;
    this.limit = Math.max(1, this.limit / 2);
  }

  /** Whoever is let in has its place already. */
  private letIn(): void {
    while (this.underWay < this.limitNow) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.underWay += 1;
      next();
    }
  }
}
