import type { Collection } from 'mongodb';
import { findAnyVersion, VISIBLE } from './find-version.js';
import { commonPrefixOf } from './key-prefix.js';
import { firstChunk, type ListPage, type ListRequest, startOf, takePage } from './list-objects.js';
import type { VersionDocument } from './version-document.js';
import { type ListedDocument, type ScanPosition, VersionScan } from './version-scan.js';

export interface ListVersionsRequest extends ListRequest {
  /** Goes on inside the key `after`, behind this version; null: behind all of that key. */
  readonly afterVersionId: string | null;
}

export type VersionEntry =
  | { readonly kind: 'version'; readonly name: string; readonly version: ListedDocument; readonly isLatest: boolean }
  | { readonly kind: 'prefix'; readonly name: string };

/** One page of all live versions and delete markers, by key, newest first. Rolled-up keys are sought past. */
export function listObjectVersions(
  versions: Collection<VersionDocument>,
  request: ListVersionsRequest,
): Promise<ListPage<VersionEntry>> {
  return takePage(versionEntries(versions, request), request.limit);
}

async function* versionEntries(
  versions: Collection<VersionDocument>,
  request: ListVersionsRequest,
): AsyncGenerator<VersionEntry, void> {
  const start = await versionStart(versions, request);
  const scan = new VersionScan(versions, request.prefix, start, firstChunk(request));
  let previousKey: string | undefined;
  for (let version = await scan.next(); version !== undefined; version = await scan.next()) {
    const key = version._id.k;
    const prefix = commonPrefixOf(key, request.prefix, request.delimiter);
    if (prefix === undefined) {
      const isFirst = key !== previousKey;
      const isLatest = isFirst && (key !== request.after || !(await hasNewer(versions, version)));
      yield { kind: 'version', name: key, version, isLatest };
      previousKey = key;
    } else {
      scan.skipPrefix(prefix);
      yield { kind: 'prefix', name: prefix };
    }
  }
}

/**
 * A marker that was removed since goes on where it stood, by its tombstone. One that nobody remembers lists its key from the
 * newest again: doubled for the client, never lost.
 */
async function versionStart(
  versions: Collection<VersionDocument>,
  request: ListVersionsRequest,
): Promise<ScanPosition> {
  const start = startOf(request);
  const isKeyInRange = start.kind === 'after' && request.after.startsWith(request.prefix);
  if (request.afterVersionId === null || !isKeyInRange) return start;
  const id = { k: request.after, v: request.afterVersionId };
  const marker = await findAnyVersion(versions, id.k, id.v, { projection: { place: 1 } });
  if (marker === null) return { kind: 'from', key: id.k };
  return { kind: 'inside', id: marker._id, place: marker.place };
}

/** Only a page that begins inside a key has to ask: everywhere else the first version seen is the latest. */
async function hasNewer(versions: Collection<VersionDocument>, { _id, place }: ListedDocument): Promise<boolean> {
  const newer = { ...VISIBLE, '_id.k': _id.k, place: { $lt: place } };
  return (await versions.findOne(newer, { projection: { _id: 1 } })) !== null;
}
