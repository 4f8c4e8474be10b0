import type { S3Client } from '@aws-sdk/client-s3';
import { describeVersion } from '@mirror/connector';
import type { Namespace, StoredDescription, VersionDocument } from '@mirror/namespace';
import { Timestamp } from 'mongodb';
import { listConnector } from './list-connector.js';

const STAMP = new Timestamp({ t: 1_700_000_000, i: 1 });

/** Puts what the connector lists into the namespace, as poller and metadata would. */
export async function mirrorListing(bucket: string, namespace: Namespace, mirrorId: string): Promise<void> {
  await namespace.prepareMirror(mirrorId);
  let key: string | undefined;
  let place = 0;
  for await (const versions of listConnector(bucket)) {
    const documents = versions.map(({ isLatest: _isLatest, versionId, ...listed }): VersionDocument => {
      place = listed.key === key ? place + 1 : 0;
      key = listed.key;
      const { size, etag, storageClass } = listed;
      const lastModified = new Date(listed.lastModified);
      return { ...versionDocument(key, versionId, place, listed.kind), size, etag, storageClass, lastModified };
    });
    if (documents.length > 0) await namespace.versions(mirrorId).insertMany(documents);
  }
}

export function versionDocument(
  key: string,
  versionId: string,
  place = 0,
  kind: VersionDocument['kind'] = 'version',
): VersionDocument {
  return {
    _id: { k: key, v: versionId },
    live: true,
    kind,
    place,
    size: 0,
    etag: kind === 'version' ? 'd41d8cd98f00b204e9800998ecf8427e' : '',
    lastModified: new Date('2026-01-02T03:04:05.678Z'),
    storageClass: 'STANDARD',
    listedAt: STAMP,
    description: null,
    describedAt: null,
  };
}

/** Describes one version in the namespace by HEAD and tagging at the connector. */
export async function describeMirrored(
  s3: S3Client,
  bucket: string,
  namespace: Namespace,
  mirrorId: string,
  id: VersionDocument['_id'],
): Promise<void> {
  const described = await describeVersion(s3, bucket, id.k, id.v);
  if ('gone' in described) throw new Error(`${id.k} is gone`);
  const description: StoredDescription = {
    contentType: described.contentType,
    headers: Object.entries(described.headers),
    metadata: Object.entries(described.metadata),
    tags: Object.entries(described.tags),
  };
  await namespace.versions(mirrorId).updateOne({ _id: id }, { $set: { description, describedAt: STAMP } });
}
