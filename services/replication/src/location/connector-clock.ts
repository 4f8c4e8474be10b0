/**
 * The connector's own clock, from the Date of its answers: what it tells is never later than what the connector would say
 * (to the rate of two clocks), so that nothing it stamps from now on is older.
 */
export class ConnectorClock {
  #seen: { readonly date: number; readonly at: number } | undefined;

  /** @param now Milliseconds of this process's monotonic clock, when the answer was there. */
  see(dateHeader: string | undefined, now: number): void {
    const date = Date.parse(dateHeader ?? '');
    if (!Number.isNaN(date)) this.#seen = { date, at: now };
  }

  /** Undefined: no answer has told it yet. */
  notBefore(now: number): Date | undefined {
    return this.#seen && new Date(this.#seen.date + Math.max(0, now - this.#seen.at));
  }
}
