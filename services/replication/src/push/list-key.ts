import { describeVersion, listVersions } from '@mirror/connector';
import type { StoredDescription } from '@mirror/namespace';
import type { ConnectorAccess } from '../location/connector-access.js';
import type { ListedOfKey } from './resolve-unknown.js';

/** Every version and delete marker of exactly this key, newest first. Throws by the error table. */
export function listKey(access: ConnectorAccess, key: string, signal: AbortSignal): Promise<ListedOfKey[]> {
  return access.send(async (client, bucket) => {
    const found: ListedOfKey[] = [];
    for await (const page of listVersions(client, bucket, { prefix: key, until: key, signal })) {
      for (const version of page.versions) {
        if (version.key !== key) continue;
        const { versionId, kind, etag, size } = version;
        found.push({ versionId, kind, etag, size, lastModified: new Date(version.lastModified) });
      }
    }
    return found;
  });
}

/** By HEAD and tagging; null: it is gone meanwhile. */
export async function describe(
  access: ConnectorAccess,
  key: string,
  versionId: string,
): Promise<StoredDescription | null> {
  const found = await access.send((client, bucket) => describeVersion(client, bucket, key, versionId));
  if ('gone' in found) return null;
  const { contentType, headers, metadata, tags } = found;
  return {
    contentType,
    headers: Object.entries(headers),
    metadata: Object.entries(metadata),
    tags: Object.entries(tags),
  };
}
