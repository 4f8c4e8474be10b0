import type { MirrorState } from '@mirror/events';
import { findLatest, findVersion, type VersionDocument } from '@mirror/namespace';
import { S3Error } from '../protocol/errors.js';
import { readVersionId } from '../protocol/list-parameters.js';
import { bucketOf } from './access.js';
import type { Call, Sources } from './operation.js';

export interface FoundObject {
  readonly bucket: MirrorState;
  /** A version with content, never a delete marker. */
  readonly document: VersionDocument;
  /** What is to be thrown when the connector turns out not to have it any more. */
  readonly missing: () => S3Error;
}

/** The version that a request is about. NoSuchBucket, NoSuchKey, NoSuchVersion; MethodNotAllowed for a marker by its id. */
export function findObject(call: Call, sources: Sources): Promise<FoundObject> {
  const versionId = readVersionId(call.request, 'versionId');
  return findNamed(sources, bucketOf(call, sources), call.request.key, versionId);
}

/** Without a version id: the latest version of the key. */
export async function findNamed(
  sources: Sources,
  bucket: MirrorState,
  key: string,
  versionId: string | undefined,
): Promise<FoundObject> {
  const versions = sources.namespace.versions(bucket.mirrorId);
  const missing = () => notThere(key, versionId);
  const document = await (versionId === undefined ? findLatest(versions, key) : findVersion(versions, key, versionId));
  if (document === null) throw missing();
  if (document.kind === 'deleteMarker') throw isDeleteMarker(document, versionId !== undefined);
  return { bucket, document, missing };
}

function notThere(Key: string, VersionId: string | undefined): S3Error {
  if (VersionId === undefined) return new S3Error('NoSuchKey', { elements: { Key } });
  return new S3Error('NoSuchVersion', { elements: { Key, VersionId } });
}

/** A key whose latest version is a marker does not exist; the marker itself does, and can only be deleted. */
function isDeleteMarker({ _id, lastModified }: VersionDocument, byItsId: boolean): S3Error {
  const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': _id.v };
  if (!byItsId) return new S3Error('NoSuchKey', { elements: { Key: _id.k }, headers });
  return new S3Error('MethodNotAllowed', {
    elements: { Method: 'GET', ResourceType: 'DeleteMarker' },
    headers: { ...headers, allow: 'DELETE', 'last-modified': lastModified.toUTCString() },
  });
}
