import type { MirrorState } from '@mirror/events';
import type { OperationWhat, VersionDocument } from '@mirror/namespace';
import { readVersionId } from '../protocol/list-parameters.js';
import { canBeNew } from '../protocol/upload-headers.js';
import { judgeWrite, readWriteCondition, type WriteCondition } from '../protocol/write-condition.js';
import { newVersionId } from './accept-object.js';
import { bucketOf } from './access.js';
import type { Operation, Sources } from './operation.js';

/** What is to be deleted: a version, or the latest one, which makes a delete marker. */
export interface Deletion {
  readonly key: string;
  readonly versionId: string | undefined;
  readonly condition: WriteCondition;
}

export interface Deleted {
  /** Of the marker that was made, or of what was deleted, as the client named it. */
  readonly versionId: string;
  /** A marker was made, or deleted. */
  readonly isMarker: boolean;
}

/** 204, whether there was something to delete or not. */
export const deleteObject: Operation = async (call, sources) => {
  const versionId = readVersionId(call.request, 'versionId');
  const condition = readWriteCondition(call.request);
  const deleted = await deleteOne(sources, bucketOf(call, sources), { key: call.request.key, versionId, condition });
  const marker = deleted.isMarker ? { 'x-amz-delete-marker': 'true' } : undefined;
  return { status: 204, headers: { 'x-amz-version-id': deleted.versionId, ...marker } };
};

/** Thrown in the transaction to end it: there is no such version, which is as good as deleted. */
class NothingToDelete extends Error {}

/** One transaction. Throws PreconditionFailed. */
export async function deleteOne(sources: Sources, bucket: MirrorState, deletion: Deletion): Promise<Deleted> {
  const { key, versionId, condition } = deletion;
  const marker = newVersionId();
  try {
    const { operation } = await sources.writing.acceptance.accept({
      mirrorId: bucket.mirrorId,
      bucket: bucket.bucket,
      key,
      ...(versionId === undefined ? {} : { versionId }),
      decide: (latest, _sequence, target) => {
        judgeWrite(condition, versionId === undefined ? latest : target, key);
        if (versionId === undefined) return markerOf(key, latest, marker);
        if (target === null) throw new NothingToDelete();
        return deletionOf(target);
      },
    });
    const { what } = operation;
    const isMarker = what.kind === 'deleteMarker' || (what.kind === 'deleteVersion' && what.target === 'deleteMarker');
    return { versionId: versionId ?? marker, isMarker };
  } catch (error) {
    if (error instanceof NothingToDelete) return { versionId: versionId ?? 'null', isMarker: false };
    throw error;
  }
}

/** Of a key that neither is there nor could be at the connector there is nothing to mark, and it would refuse the marker. */
function markerOf(key: string, latest: VersionDocument | null, versionId: string): OperationWhat {
  if (latest === null && !canBeNew(key)) throw new NothingToDelete();
  return { kind: 'deleteMarker', versionId };
}

const deletionOf = ({ _id, kind, etag, lastModified }: VersionDocument): OperationWhat => ({
  kind: 'deleteVersion',
  versionId: _id.v,
  target: kind,
  etag: etag === '' ? null : etag,
  lastModified,
});
