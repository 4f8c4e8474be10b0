import { setTimeout as sleep } from 'node:timers/promises';
import { type Backoff, backoffMs, FatalError, PermanentError, TransientError } from '@mirror/runtime';

export const RETRY_BACKOFF: Backoff = { baseMs: 200, maxMs: 10_000 };

/**
 * Does the work again until it succeeds. PermanentError and FatalError are thrown at once; a signal that was aborted throws
 * its reason, also out of a wait. `onFailure` is told of each failure that will be tried again.
 */
export async function retryUntilDone<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  onFailure: (error: unknown, waitMs: number) => void,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (error instanceof PermanentError || error instanceof FatalError) throw error;
      const waitMs = waitBefore(attempt, error);
      onFailure(error, waitMs);
      await pause(waitMs, signal);
    }
  }
}

function waitBefore(attempt: number, error: unknown): number {
  if (error instanceof TransientError && error.retryAfterMs !== undefined) return error.retryAfterMs;
  return backoffMs(attempt, RETRY_BACKOFF, Math.random());
}

/** Waits; an aborted signal ends the wait by throwing its reason. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}

/** Waits for work that may hang, at most so long. Its failure is not ours: it is being given up anyway. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const settled = work.catch(() => undefined);
  await Promise.race([settled, sleep(ms, undefined, { signal: late.signal }).catch(() => undefined)]);
  late.abort();
}
