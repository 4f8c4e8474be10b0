import type { ClientSession, Collection, FindOptions } from 'mongodb';
import type { VersionDocument } from './version-document.js';

/** What clients see: neither tombstones nor versions whose deletion is pending. */
export const VISIBLE = { live: true, hidden: { $exists: false } } as const;

/** The latest visible version of a key, which may be a delete marker; null when the key has none. */
export function findLatest(
  versions: Collection<VersionDocument>,
  key: string,
  session?: ClientSession,
): Promise<VersionDocument | null> {
  return versions.findOne({ ...VISIBLE, '_id.k': key }, { sort: { place: 1 }, session });
}

/**
 * One visible version or delete marker; null when there is none of that id. An id that a client was given at upload names
 * what has become of it at the connector (rule R12).
 */
export async function findVersion(
  versions: Collection<VersionDocument>,
  key: string,
  versionId: string,
  session?: ClientSession,
): Promise<VersionDocument | null> {
  const found = await versions.findOne({ _id: { k: key, v: versionId }, ...VISIBLE }, { session });
  return found ?? versions.findOne({ '_id.k': key, aliases: versionId, ...VISIBLE }, { session });
}

/** Like {@link findVersion}, tombstones and hidden ones included. */
export async function findAnyVersion(
  versions: Collection<VersionDocument>,
  key: string,
  versionId: string,
  options: FindOptions = {},
): Promise<VersionDocument | null> {
  const found = await versions.findOne({ _id: { k: key, v: versionId } }, options);
  return found ?? versions.findOne({ '_id.k': key, aliases: versionId }, options);
}

export type ResolvedVersion =
  /** The connector's id of it. */
  | { readonly kind: 'live'; readonly versionId: string }
  /** Not at the connector yet, as far as is recorded. */
  | { readonly kind: 'pending' }
  /** It was removed, or its upload was discarded or cancelled; or nobody knows it. */
  | { readonly kind: 'gone' };

/** What a push of a delete or of tags is to name at the connector. Majority reads. */
export async function resolveVersion(
  versions: Collection<VersionDocument>,
  key: string,
  versionId: string,
): Promise<ResolvedVersion> {
  const found = await findAnyVersion(versions, key, versionId, { readConcern: { level: 'majority' } });
  if (!found?.live) return { kind: 'gone' };
  return found.pending ? { kind: 'pending' } : { kind: 'live', versionId: found._id.v };
}
