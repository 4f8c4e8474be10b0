import type { Collection } from 'mongodb';
import { compareKeys } from './compare-keys.js';
import { commonPrefixOf } from './key-prefix.js';
import type { VersionDocument } from './version-document.js';
import { type ListedDocument, pastPrefix, type ScanPosition, VersionScan } from './version-scan.js';

export interface ListRequest {
  /** Empty: every key. */
  readonly prefix: string;
  /** Rolls keys up into common prefixes; any length; empty: nothing is rolled up. */
  readonly delimiter: string;
  /** A key or common prefix; what is listed comes after it. Empty: from the first. */
  readonly after: string;
  /** Entries at most, common prefixes included; 0 answers an empty page that is not truncated. */
  readonly limit: number;
}

/** `name` is the key, or the common prefix: where the next page begins after. */
export type ObjectEntry =
  | { readonly kind: 'object'; readonly name: string; readonly version: ListedDocument }
  | { readonly kind: 'prefix'; readonly name: string };

export interface ListPage<Entry> {
  readonly entries: readonly Entry[];
  /** Another entry follows: never true on the last page. */
  readonly isTruncated: boolean;
}

/** A delimiter makes most of a chunk useless when prefixes hold many keys: begin small. */
const FIRST_CHUNK_WITH_DELIMITER = 32;

/**
 * One page of the current objects: the latest version of each key, unless it is a delete marker. It costs what it answers,
 * plus the keys hidden by delete markers on the way: older versions and rolled-up keys are sought past.
 */
export function listObjects(
  versions: Collection<VersionDocument>,
  request: ListRequest,
): Promise<ListPage<ObjectEntry>> {
  return takePage(objectEntries(versions, request), request.limit);
}

async function* objectEntries(
  versions: Collection<VersionDocument>,
  request: ListRequest,
): AsyncGenerator<ObjectEntry, void> {
  const scan = new VersionScan(versions, request.prefix, startOf(request), firstChunk(request));
  for (let version = await scan.next(); version !== undefined; version = await scan.next()) {
    const key = version._id.k;
    const prefix = commonPrefixOf(key, request.prefix, request.delimiter);
    if (version.kind === 'deleteMarker') {
      scan.skipKey(key);
    } else if (prefix === undefined) {
      scan.skipKey(key);
      yield { kind: 'object', name: key, version };
    } else {
      scan.skipPrefix(prefix);
      yield { kind: 'prefix', name: prefix };
    }
  }
}

/** A marker inside a common prefix stands for all of it: a prefix is listed on one page only. */
export function startOf({ prefix, delimiter, after }: ListRequest): ScanPosition {
  if (after === '' || compareKeys(after, prefix) < 0) return { kind: 'from', key: prefix };
  const rolledUp = after.startsWith(prefix) ? commonPrefixOf(after, prefix, delimiter) : undefined;
  return rolledUp === undefined ? { kind: 'after', key: after } : pastPrefix(rolledUp);
}

export function firstChunk({ delimiter, limit }: ListRequest): number {
  return delimiter === '' ? limit + 1 : Math.min(limit + 1, FIRST_CHUNK_WITH_DELIMITER);
}

/** Takes one entry more than the page holds, to know whether there is one. */
export async function takePage<Entry>(entries: AsyncIterable<Entry>, limit: number): Promise<ListPage<Entry>> {
  const page: Entry[] = [];
  if (limit === 0) return { entries: page, isTruncated: false };
  for await (const entry of entries) {
    if (page.length === limit) return { entries: page, isTruncated: true };
    page.push(entry);
  }
  return { entries: page, isTruncated: false };
}
