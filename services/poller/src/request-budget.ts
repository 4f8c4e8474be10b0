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
  ) {
    this.tokens = burst;
    this.refilledAt = now();
  }

  /** Takes one request; gives back how many milliseconds to wait before sending it (0: at once). */
  take(): number {
    const now = this.now();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.refilledAt) / 1000) * this.perSecond);
    this.refilledAt = now;
    this.tokens -= 1; // below zero: this request is owed to the future, and so are those after it
    return this.tokens >= 0 ? 0 : (-this.tokens / this.perSecond) * 1000;
  }
}
