/**
 * The requests a second that a location's endpoint may get, as a token bucket: unused requests add up to `burst`. Listings,
 * HEADs and taggings all draw on it.
 */
export class RequestBudget {
  private tokens: number;
  private refilledAt: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly now: () => number,
    /** The part of the budget that is this process's: several pollers share it. */
    private readonly share: () => number = () => 1,
  ) {
    this.tokens = burst;
    this.refilledAt = now();
  }

  /** Takes one request; gives back how many milliseconds to wait before sending it (0: at once). */
  take(): number {
    this.refill();
    this.tokens -= 1; // below zero: this request is owed to the future, and so are those after it
    return this.tokens >= 0 ? 0 : (-this.tokens / this.rate()) * 1000;
  }

  /**
   * Takes one request that can wait, if more than half of the burst is unused: 0. Otherwise takes nothing, and gives back
   * how many milliseconds to wait before asking again.
   */
  takeSpare(): number {
    this.refill();
    const reserve = this.burst / 2;
    if (this.tokens - 1 < reserve) return Math.max(1, ((reserve + 1 - this.tokens) / this.rate()) * 1000);
    this.tokens -= 1;
    return 0;
  }

  private refill(): void {
    const now = this.now();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.refilledAt) / 1000) * this.rate());
    this.refilledAt = now;
  }

  private rate(): number {
    return this.perSecond * this.share();
  }
}
