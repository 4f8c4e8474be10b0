import { type Document, type Filter, MaxKey, MinKey } from 'mongodb';
import type { Namespace } from './namespace.js';
import type { VersionDocument } from './version-document.js';

/** A live document as the comparison needs it. */
export type MirroredVersion = Pick<
  VersionDocument,
  '_id' | 'kind' | 'place' | 'size' | 'etag' | 'lastModified' | 'storageClass' | 'listedAt'
>;

const COMPARED = { kind: 1, place: 1, size: 1, etag: 1, lastModified: 1, storageClass: 1, listedAt: 1 } as const;

/**
 * Of what is, or was, at the connector: pending versions are not, and those whose deletion is pending are (rule R3).
 *
 * The live documents of the keys after `after`, up to and with `end` (null: to the last), by key, then version id. */
export function readRange(
  namespace: Namespace,
  mirrorId: string,
  after: string,
  end: string | null,
): Promise<MirroredVersion[]> {
  return namespace
    .versions(mirrorId)
    .find(rangeFilter(after, end), { projection: COMPARED, sort: { _id: 1 }, batchSize: 5_000 })
    .toArray() as Promise<MirroredVersion[]>;
}

/** The live documents of some keys, by key, then version id. */
export async function readKeys(
  namespace: Namespace,
  mirrorId: string,
  keys: readonly string[],
): Promise<MirroredVersion[]> {
  if (keys.length === 0) return [];
  const [first, last] = [new MinKey() as unknown as string, new MaxKey() as unknown as string];
  const ranges = keys.map((k) => ({ _id: { $gte: { k, v: first }, $lte: { k, v: last } } }));
  return namespace
    .versions(mirrorId)
    .find({ $or: ranges, live: true, pending: { $exists: false } }, { projection: COMPARED, sort: { _id: 1 } })
    .toArray() as Promise<MirroredVersion[]>;
}

/** Which of these versions of a key the mirror has, by their ids. */
export async function knownVersions(
  namespace: Namespace,
  mirrorId: string,
  key: string,
  versionIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (versionIds.length === 0) return new Set();
  const ids = versionIds.map((v) => ({ k: key, v }));
  const found = await namespace
    .versions(mirrorId)
    .find({ _id: { $in: ids }, live: true }, { projection: { _id: 1 } })
    .toArray();
  return new Set(found.map(({ _id }) => _id.v));
}

/** By the `_id` index alone, which holds tombstones too: they are few, and the comparison must not miss one in between. */
function rangeFilter(after: string, end: string | null): Filter<VersionDocument> {
  const last = new MaxKey() as unknown as string;
  const upper = end === null ? { k: last, v: last } : { k: end, v: last };
  return { _id: { $gt: { k: after, v: last }, $lte: upper }, live: true, pending: { $exists: false } };
}

/** A latest version, with what is stored of its description. */
export type DescribedVersion = MirroredVersion & Pick<VersionDocument, 'description'>;

/** Latest versions of a range that nobody described yet, by key; at most `limit`. */
export function undescribedLatest(
  namespace: Namespace,
  mirrorId: string,
  after: string,
  end: string | null,
  limit: number,
): Promise<MirroredVersion[]> {
  return namespace
    .versions(mirrorId)
    .aggregate<MirroredVersion>([
      ...latestOf(after, end),
      { $match: { kind: 'version', describedAt: null } },
      { $sort: { _id: 1 } },
      { $limit: limit },
      { $project: COMPARED },
    ])
    .toArray();
}

/** Latest versions of a range, described or not, by key; at most `limit`. */
export function latestVersions(
  namespace: Namespace,
  mirrorId: string,
  after: string,
  end: string | null,
  limit: number,
): Promise<DescribedVersion[]> {
  return namespace
    .versions(mirrorId)
    .aggregate<DescribedVersion>([
      ...latestOf(after, end),
      { $match: { kind: 'version' } },
      { $sort: { _id: 1 } },
      { $limit: limit },
      { $project: { ...COMPARED, description: 1 } },
    ])
    .toArray();
}

function latestOf(after: string, end: string | null): Document[] {
  const keys = end === null ? { $gt: after } : { $gt: after, $lte: end };
  return [
    { $match: { live: true, pending: { $exists: false }, '_id.k': keys } },
    { $sort: { '_id.k': 1, place: 1 } },
    { $group: { _id: '$_id.k', latest: { $first: '$$ROOT' } } },
    { $replaceWith: '$latest' },
  ];
}
