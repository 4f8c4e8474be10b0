import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { backoffMs, TransientError } from '@mirror/runtime';
import { compareKeyBytes, isSurelyAfter } from './key-order.js';
import { listVersionsPage, type RawVersionPage, type VersionPageRequest } from './list-versions-page.js';
import { badListing } from './parse-version-page.js';
import { translateS3Error } from './translate-error.js';
import type { ListedVersion, VersionPage } from './version-page.js';

export interface VersionRange {
  /** Keys after this one; all when not given. */
  readonly after?: string;
  /** Keys up to this one, itself included; all when not given. */
  readonly until?: string;
  readonly prefix?: string;
  /** A page's size, 1 to 1,000; 1,000 when not given. */
  readonly maxKeys?: number;
  readonly signal?: AbortSignal;
}

/** A page, with those of its versions that are in the range and were on no page before. It may have none. */
export interface RangePage extends VersionPage {
  readonly raw: RawVersionPage;
  /** Nothing follows in the range. */
  readonly isLast: boolean;
}

/**
 * Lists the versions of a range page by page, in listed order, each version once; one page is in memory at a time. A
 * page that fails for a while is asked for again, three times in all. Throws S3.BAD_LISTING where the endpoint's markers
 * lead nowhere; an order that goes back is told by `orderKept` and goes on.
 */
export async function* listVersions(
  client: S3Client,
  bucket: string,
  range: VersionRange = {},
): AsyncGenerator<RangePage, void, undefined> {
  const { after, until, prefix, maxKeys = 1000, signal } = range;
  const seen = new SeenVersions();
  const progress = new Progress(after);
  let request: VersionPageRequest = { keyMarker: after, maxKeys, prefix };
  for (;;) {
    const raw = await withRetries(() => listVersionsPage(client, bucket, request, signal), signal);
    const page = raw.parse();
    const versions = seen.onlyNew(page.versions).filter(({ key }) => isInRange(key, range));
    const isLast = !page.isTruncated || reaches(page, until);
    yield { ...page, versions, orderKept: page.orderKept && progress.goesOn(page), raw, isLast };
    if (isLast) return;
    progress.advance(page);
    request = { keyMarker: page.nextKeyMarker, versionIdMarker: page.nextVersionIdMarker, maxKeys, prefix };
  }
}

/** MinIO's markers carry a cache's state behind the key; to be sent back as they came, and cut only to compare keys. */
export function keyOfMarker(marker: string): string {
  return marker.replace(/\[minio_cache:[^\]]*\]$/, '');
}

/** Whether it is more than a key, as MinIO's are. */
export const isOpaqueMarker = (marker: string): boolean => keyOfMarker(marker) !== marker;

function isInRange(key: string, { after, until }: VersionRange): boolean {
  // Some endpoints list the marker's own key once more.
  if (after !== undefined && compareKeyBytes(key, after) <= 0) return false;
  return until === undefined || compareKeyBytes(key, until) <= 0;
}

function reaches(page: VersionPage, until: string | undefined): boolean {
  if (until === undefined) return false;
  return page.versions.some(({ key }) => isSurelyAfter(key, until)) || isSurelyAfter(markerKey(page), until);
}

function markerKey(page: VersionPage): string {
  return keyOfMarker(page.nextKeyMarker ?? '');
}

/**
 * Drops what was listed before. Endpoints repeat the version that a page ended on, or all of a key whose marker version
 * was deleted between two pages; so what counts is the page before, and all of a key that goes on.
 */
class SeenVersions {
  #idsByKey = new Map<string, Set<string>>();

  onlyNew(versions: readonly ListedVersion[]): ListedVersion[] {
    const before = this.#idsByKey;
    const now = new Map<string, Set<string>>();
    const fresh = versions.filter(({ key, versionId }) => {
      const ids = now.get(key) ?? before.get(key) ?? new Set();
      now.set(key, ids);
      if (ids.has(versionId)) return false;
      ids.add(versionId);
      return true;
    });
    if (versions.length > 0) this.#idsByKey = now;
    return fresh;
  }
}

/**
 * Watches the markers: an endpoint that leads in a circle comes back to one. Once is forgiven, because a key that is
 * listed anew (its marker version was deleted meanwhile) passes the same markers a second time.
 */
class Progress {
  #key: string;
  #marker: string | undefined;
  #timesByMarker = new Map<string, number>();
  #lastListed = '';

  constructor(after: string | undefined) {
    this.#key = after ?? '';
  }

  /** Whether this page begins where the one before ended, or after it, by UTF-8 bytes. */
  goesOn({ versions }: VersionPage): boolean {
    const first = versions[0]?.key ?? this.#lastListed;
    const goesOn = compareKeyBytes(this.#lastListed, first) <= 0;
    this.#lastListed = versions.at(-1)?.key ?? this.#lastListed;
    return goesOn;
  }

  advance(page: VersionPage): void {
    const key = markerKey(page);
    if (isSurelyAfter(this.#key, key)) throw badListing(`its markers go back, from "${this.#key}" to "${key}"`);
    const marker = page.nextVersionIdMarker ?? '';
    if (key !== this.#key) this.#timesByMarker.clear();
    const times = (this.#timesByMarker.get(marker) ?? 0) + 1;
    const stands = key === this.#key && marker === this.#marker;
    if (stands || times > 2) throw badListing(`it comes back to the same marker after "${key}"`);
    this.#timesByMarker.set(marker, times);
    this.#key = key;
    this.#marker = marker;
  }
}

const attempts = 3;
const backoff = { baseMs: 200, maxMs: 2000 };

async function withRetries<T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TransientError) || error.code === 'S3.ABORTED' || attempt + 1 === attempts) throw error;
      const pauseMs = error.retryAfterMs ?? backoffMs(attempt, backoff, Math.random());
      // A longer pause is the caller's to take, with its request budget.
      if (pauseMs > backoff.maxMs) throw error;
      await pause(pauseMs, signal);
    }
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    throw translateS3Error(error);
  }
}
