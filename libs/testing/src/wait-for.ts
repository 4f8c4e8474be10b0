import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** 10 s when none is given. */
  timeoutMs?: number;
  /** 50 ms when none is given. */
  intervalMs?: number;
  /** What is waited for, for the error: "the version to be listed". */
  what: string;
}

/**
 * Asks until the condition is met, and answers what it answered. Not met yet are false, undefined, null, and an exception,
 * which is the cause of the error when time is up.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, false | undefined | null>> {
  const { timeoutMs = 10_000, intervalMs = 50, what } = options;
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const answer = await condition();
      if (answer !== false && answer !== undefined && answer !== null) {
        return answer as Exclude<T, false | undefined | null>;
      }
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(intervalMs);
  } while (Date.now() < deadline);
  throw new Error(`Waited ${timeoutMs} ms for ${what}, in vain`, { cause });
}
