import type { Collection } from 'mongodb';
import type { VersionDocument } from './version-document.js';

/** The latest version of a key, which may be a delete marker; null when the key has no live version. */
export function findLatest(versions: Collection<VersionDocument>, key: string): Promise<VersionDocument | null> {
  return versions.findOne({ live: true, '_id.k': key }, { sort: { place: 1 } });
}

/** One live version or delete marker; null when there is none of that id. */
export function findVersion(
  versions: Collection<VersionDocument>,
  key: string,
  versionId: string,
): Promise<VersionDocument | null> {
  return versions.findOne({ _id: { k: key, v: versionId }, live: true });
}
