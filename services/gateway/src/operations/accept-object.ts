import { randomUUID } from 'node:crypto';
import type { MirrorState, StagedContent } from '@mirror/events';
import { findLatest, type OperationWhat, type StoredDescription } from '@mirror/namespace';
import { S3Error } from '../protocol/errors.js';
import { judgeWrite, type WriteCondition } from '../protocol/write-condition.js';
import type { Sources } from './operation.js';

/** An object whose bytes are staged. */
export interface StagedObject {
  readonly bucket: MirrorState;
  readonly key: string;
  readonly condition: WriteCondition;
  readonly content: StagedContent;
  /** Without quotes. */
  readonly etag: string;
  readonly description: StoredDescription;
}

export interface AcceptedObject {
  readonly versionId: string;
  readonly acceptedAt: Date;
}

/** A write whose condition is lost already need not send its bytes; the transaction that accepts it judges once more. */
export async function judgeEarly(
  { namespace }: Sources,
  { mirrorId }: MirrorState,
  key: string,
  condition: WriteCondition,
): Promise<void> {
  if (!condition.mustBeNew && condition.etag === undefined) return;
  judgeWrite(condition, await findLatest(namespace.versions(mirrorId), key), key);
}

/** Accepts it as the key's latest version, or throws and keeps nothing of its bytes. */
export async function acceptObject({ writing }: Sources, object: StagedObject): Promise<AcceptedObject> {
  const { bucket, key, content } = object;
  const put = newVersion(object);
  const stagedIds = content.parts.map(({ stagedId }) => stagedId);
  try {
    const { operation } = await writing.acceptance.accept({
      mirrorId: bucket.mirrorId,
      bucket: bucket.bucket,
      key,
      stagedIds,
      decide: (latest) => {
        judgeWrite(object.condition, latest, key);
        return put;
      },
    });
    return { versionId: put.versionId, acceptedAt: operation.acceptedDate };
  } catch (error) {
    // Our own refusal aborted the transaction; of anything else the outcome may be unknown.
    if (error instanceof S3Error) await writing.acceptance.discard(stagedIds);
    else await writing.acceptance.giveUp(stagedIds);
    throw error;
  }
}

export function newVersion({
  content,
  etag,
  description,
}: Pick<StagedObject, 'content' | 'etag' | 'description'>): Extract<OperationWhat, { kind: 'put' }> {
  const size = content.parts.reduce((sum, part) => sum + part.size, 0);
  return { kind: 'put', versionId: newVersionId(), size, etag, content, description };
}

/** As opaque as the connector's own, which take its place once the version is there. */
export const newVersionId = (): string => randomUUID().replaceAll('-', '');
