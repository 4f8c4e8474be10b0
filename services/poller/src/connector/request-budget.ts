const SPARE_SHARE = 0.1;

/**
 * The requests a second that a location's endpoint may get, as a token bucket: unused requests add up to `burst`. Listings,
 * HEADs and taggings all draw on it.
 */
export class RequestBudget {
  private tokens: number;
  private refilledAt: number;
  /** What can wait has earned so much of a request. */
  private spare = 0;

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
   * Takes one request that can wait, if more than half of the burst is unused: 0. A tenth of the rate is its own in any case, so
   * that what can wait does not wait for ever. Otherwise takes nothing, and gives back after how many milliseconds to ask again.
   */
  takeSpare(): number {
    this.refill();
    const isUnused = this.tokens - 1 >= this.burst / 2;
    if (!isUnused && this.spare < 1) return Math.max(1, ((1 - this.spare) / (this.rate() * SPARE_SHARE)) * 1000);
    if (!isUnused) this.spare -= 1;
    this.tokens -= 1;
    return 0;
  }

  /** Takes `requests` if anything is left, on credit where they are more than that; false: takes nothing. */
  tryTake(requests: number): boolean {
    this.refill();
    if (this.tokens <= 0) return false;
    this.tokens -= requests;
    return true;
  }

  private refill(): void {
    const now = this.now();
    const earned = ((now - this.refilledAt) / 1000) * this.rate();
    this.tokens = Math.min(this.burst, this.tokens + earned);
    this.spare = Math.min(1, this.spare + earned * SPARE_SHARE);
    this.refilledAt = now;
  }

  private rate(): number {
    return this.perSecond * this.share();
  }
}
