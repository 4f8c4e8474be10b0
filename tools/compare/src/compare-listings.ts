import type { KeyGroup } from './group-by-key.js';
import { compareKeyBytes, type EntryKind, type ListedEntry } from './listed-entry.js';

export type DifferenceKind =
  | 'only in A'
  | 'only in B'
  | 'kind'
  | 'order'
  /** Where a delete marker stands among versions: no difference where one side lists markers apart. */
  | 'marker order'
  | 'latest'
  | 'size'
  | 'etag'
  | 'time'
  /** The same second, another fraction of it: no difference where one side lists whole seconds only. */
  | 'milliseconds'
  /** What no listing tells; only where versions are read as well. */
  | 'bytes'
  | 'headers'
  | 'metadata'
  | 'tags';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly key: string;
  readonly versionId: string;
  /** What each side says, for a person; empty where it says nothing. */
  readonly a: string;
  readonly b: string;
}

/** A version or delete marker that both sides list; the join waits for it. */
export type OnBoth = (a: ListedEntry, b: ListedEntry) => Promise<void>;

/** Joins two listings by key and says every difference. Both must be in key order; neither is held in memory. */
export async function* compareListings(
  a: AsyncGenerator<KeyGroup>,
  b: AsyncGenerator<KeyGroup>,
  onBoth?: OnBoth,
): AsyncGenerator<Difference> {
  try {
    let [left, right] = await Promise.all([a.next(), b.next()]);
    while (!left.done || !right.done) {
      const order = left.done ? 1 : right.done ? -1 : compareKeyBytes(left.value.key, right.value.key);
      const entriesA: readonly ListedEntry[] = order <= 0 && !left.done ? left.value.entries : [];
      const entriesB: readonly ListedEntry[] = order >= 0 && !right.done ? right.value.entries : [];
      yield* compareKey(entriesA, entriesB);
      if (onBoth) for (const [ofA, ofB] of pairsOf(entriesA, entriesB)) await onBoth(ofA, ofB);
      [left, right] = await Promise.all([order <= 0 ? a.next() : left, order >= 0 ? b.next() : right]);
    }
  } finally {
    // When one side failed, the other still holds its connections.
    await Promise.allSettled([a.return(undefined), b.return(undefined)]);
  }
}

/** Compares what the two sides list of one key. Version ids decide what belongs together, not positions. */
export function* compareKey(a: readonly ListedEntry[], b: readonly ListedEntry[]): Generator<Difference> {
  const byIdA = new Map(a.map((entry) => [entry.versionId, entry]));
  const byIdB = new Map(b.map((entry) => [entry.versionId, entry]));
  for (const entry of a) {
    const other = byIdB.get(entry.versionId);
    if (other === undefined) yield difference('only in A', entry, describe(entry), '');
    else yield* compareEntry(entry, other);
  }
  for (const entry of b) {
    if (!byIdA.has(entry.versionId)) yield difference('only in B', entry, '', describe(entry));
  }
  yield* compareOrder(
    a.filter((entry) => byIdB.has(entry.versionId)),
    b.filter((entry) => byIdA.has(entry.versionId)),
  );
}

function pairsOf(a: readonly ListedEntry[], b: readonly ListedEntry[]): [ListedEntry, ListedEntry][] {
  const byIdB = new Map(b.map((entry) => [entry.versionId, entry]));
  return a.flatMap((entry) => {
    const other = byIdB.get(entry.versionId);
    return other ? [[entry, other] as [ListedEntry, ListedEntry]] : [];
  });
}

function* compareEntry(a: ListedEntry, b: ListedEntry): Generator<Difference> {
  if (a.kind !== b.kind) yield difference('kind', a, a.kind, b.kind);
  if (a.isLatest !== b.isLatest) yield difference('latest', a, String(a.isLatest), String(b.isLatest));
  // Between a version and a marker, size and ETag differ by nature: the kind says it all.
  if (a.kind === b.kind && a.size !== b.size) yield difference('size', a, String(a.size), String(b.size));
  if (a.kind === b.kind && a.etag !== b.etag) yield difference('etag', a, String(a.etag), String(b.etag));
  if (a.lastModifiedMs !== b.lastModifiedMs) yield difference(timeKind(a, b), a, time(a), time(b));
}

/** One difference a key: the first place where versions that both sides have are listed in another order. */
function* compareOrder(a: readonly ListedEntry[], b: readonly ListedEntry[]): Generator<Difference> {
  const place = a.findIndex((entry, index) => entry.versionId !== b[index]?.versionId);
  const [entry, other] = [a[place], b[place]];
  if (entry === undefined || other === undefined) return;
  const kind = isOrderOf('version', a, b) && isOrderOf('deleteMarker', a, b) ? 'marker order' : 'order';
  yield difference(kind, entry, `${entry.versionId} at ${place}`, `${other.versionId} at ${place}`);
}

function isOrderOf(kind: EntryKind, a: readonly ListedEntry[], b: readonly ListedEntry[]): boolean {
  const [ofA, ofB] = [a, b].map((entries) => entries.filter((entry) => entry.kind === kind));
  return ofA?.every(({ versionId }, index) => versionId === ofB?.[index]?.versionId) ?? false;
}

function timeKind(a: ListedEntry, b: ListedEntry): 'time' | 'milliseconds' {
  return Math.floor(a.lastModifiedMs / 1000) === Math.floor(b.lastModifiedMs / 1000) ? 'milliseconds' : 'time';
}

function difference(kind: DifferenceKind, entry: ListedEntry, a: string, b: string): Difference {
  return { kind, key: entry.key, versionId: entry.versionId, a, b };
}

function describe(entry: ListedEntry): string {
  const what = entry.kind === 'version' ? `version, ${entry.size} bytes, ${entry.etag}` : 'delete marker';
  return `${what}, ${time(entry)}${entry.isLatest ? ', latest' : ''}`;
}

const time = (entry: ListedEntry): string => new Date(entry.lastModifiedMs).toISOString();
