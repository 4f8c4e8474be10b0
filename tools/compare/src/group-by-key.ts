import { compareKeyBytes, type ListedEntry } from './listed-entry.js';

/** All that one side lists of one key, newest first as it was listed. */
export interface KeyGroup {
  readonly key: string;
  readonly entries: readonly ListedEntry[];
}

/** What was seen while a side's listing went by. Counted while it streams, complete when it has ended. */
export interface ListingTally {
  keys: number;
  versions: number;
  deleteMarkers: number;
  bytes: number;
  /** Entries whose key and version id had been listed before; they are left out. */
  repeated: number;
  /** Whether any time had a fraction of a second. */
  hasMilliseconds: boolean;
}

export function emptyTally(): ListingTally {
  return { keys: 0, versions: 0, deleteMarkers: 0, bytes: 0, repeated: 0, hasMilliseconds: false };
}

/** The listing went back to a key that sorts before the one in front of it: it can't be joined as it comes. */
export class OutOfOrderError extends Error {
  constructor(
    readonly key: string,
    readonly after: string,
  ) {
    super(`${JSON.stringify(key)} is listed after ${JSON.stringify(after)}`);
    this.name = 'OutOfOrderError';
  }
}

/**
 * Puts a listing in key order into groups, one a key, without what is listed twice. Holds one key's entries at a time.
 * Throws {@link OutOfOrderError}.
 */
export async function* groupByKey(entries: AsyncIterable<ListedEntry>, tally: ListingTally): AsyncGenerator<KeyGroup> {
  let key: string | undefined;
  let group = new Map<string, ListedEntry>();
  for await (const entry of entries) {
    if (key !== undefined && entry.key !== key) {
      if (compareKeyBytes(entry.key, key) < 0) throw new OutOfOrderError(entry.key, key);
      yield closeGroup(key, group, tally);
      group = new Map();
    }
    key = entry.key;
    if (group.has(entry.versionId)) tally.repeated += 1;
    else group.set(entry.versionId, entry);
  }
  if (key !== undefined) yield closeGroup(key, group, tally);
}

/** For a listing out of order: all of it in memory, sorted by key, the order inside a key as listed. */
export async function* sortByKey(entries: AsyncIterable<ListedEntry>): AsyncGenerator<ListedEntry> {
  const all: ListedEntry[] = [];
  for await (const entry of entries) all.push(entry);
  yield* all.sort((a, b) => compareKeyBytes(a.key, b.key));
}

function closeGroup(key: string, group: ReadonlyMap<string, ListedEntry>, tally: ListingTally): KeyGroup {
  const entries = [...group.values()];
  tally.keys += 1;
  for (const entry of entries) count(entry, tally);
  return { key, entries };
}

function count(entry: ListedEntry, tally: ListingTally): void {
  if (entry.kind === 'version') tally.versions += 1;
  else tally.deleteMarkers += 1;
  tally.bytes += entry.size ?? 0;
  if (entry.lastModifiedMs % 1000 !== 0) tally.hasMilliseconds = true;
}
