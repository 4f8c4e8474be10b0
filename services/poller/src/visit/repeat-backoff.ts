/** The set of changes that a segment's visits said last, and how often in a row. */
export interface Said {
  readonly digest: string;
  readonly times: number;
  readonly lastAt: Date;
}

const BASE_MS = 5_000;
const MAX_MS = 300_000;

/**
 * Rule R8: a difference said twice is said again only with backoff. It stays because its event was dead-lettered, or was
 * observed too early to change its document; neither mends by saying it every second. Null: do not say it now.
 */
export function sayAgain(said: Said | null, digest: string, now: Date): Said | null {
  if (said?.digest !== digest) return { digest, times: 1, lastAt: now };
  const waitMs = said.times < 2 ? 0 : Math.min(MAX_MS, BASE_MS * 2 ** (said.times - 2));
  if (now.getTime() - said.lastAt.getTime() < waitMs) return null;
  return { digest, times: Math.min(said.times + 1, 30), lastAt: now };
}
