import { setTimeout as sleep } from 'node:timers/promises';
import type { ListedKeys, ListedPage } from './list-page.js';
import { S3Refusal } from './s3-exchange.js';
import type { StoredVersion } from './versioned-bucket.js';

/** What goes wrong, from the next request on until something else is said. */
export interface Faults {
  /**
   * Of listings. `empty`, `half`: complete-looking answers without any, without the second half of the keys. `cutBody`: half of
   * the body, and an end as if it were all; `cutConnection`: half of the announced body, and the connection ends.
   * `markerAhead`: the next marker skips the ten keys that follow; `markerBack`: it is the page's own first entry.
   */
  readonly listing?: 'empty' | 'half' | 'cutBody' | 'cutConnection' | 'markerAhead' | 'markerBack';
  /** Every request is answered so. */
  readonly status?: 403 | 500 | 503;
  /** With a 503. */
  readonly retryAfterSeconds?: number;
  /** Before each page; 0 when not given. */
  readonly latencyMs?: number;
}

export function refuseAll({ status, retryAfterSeconds }: Faults): void {
  switch (status) {
    case undefined:
      return;
    case 403:
      throw new S3Refusal(403, 'AccessDenied');
    case 500:
      throw new S3Refusal(500, 'InternalError');
    case 503: {
      const headers: [string, string][] =
        retryAfterSeconds === undefined ? [] : [['retry-after', `${retryAfterSeconds}`]];
      throw new S3Refusal(503, 'SlowDown', Object.fromEntries(headers));
    }
    default:
      status satisfies never;
  }
}

export async function delayPage({ latencyMs = 0 }: Faults): Promise<void> {
  if (latencyMs > 0) await sleep(latencyMs);
}

export function keysLeft(listed: ListedKeys, { listing }: Faults): ListedKeys {
  if (listing === 'empty') return { ...listed, keys: [] };
  if (listing === 'half') return { ...listed, keys: listed.keys.slice(0, listed.keys.length >> 1) };
  return listed;
}

const skippedKeys = 10;

export function withWrongMarker(page: ListedPage, { keys, versionsOf }: ListedKeys, { listing }: Faults): ListedPage {
  if (page.next === undefined) return page;
  if (listing === 'markerBack') return { ...page, next: page.entries[0]?.version };
  if (listing !== 'markerAhead') return page;
  const key = keys[Math.min(keys.length - 1, keys.indexOf(page.next.key) + skippedKeys)] ?? '';
  const next: StoredVersion | undefined = versionsOf(key).at(-1);
  return { ...page, next };
}

/** Half of a body; with the length of the whole where the connection is to end within it. */
export function cutAnswer(body: Buffer, { listing }: Faults): { body: Buffer; announced: number } {
  const half = body.subarray(0, body.length >> 1);
  if (listing === 'cutBody') return { body: half, announced: half.length };
  if (listing === 'cutConnection') return { body: half, announced: body.length };
  return { body, announced: body.length };
}
