export interface Backoff {
  /** Delay before the second attempt. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Exponential with full jitter: `attempt` counts from 0, `random` is in [0, 1). At least a tenth of the ceiling. */
export function backoffMs(attempt: number, backoff: Backoff, random: number): number {
  const ceiling = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling * (0.1 + 0.9 * random));
}
