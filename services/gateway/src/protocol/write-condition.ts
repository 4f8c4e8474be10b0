import type { VersionDocument } from '@mirror/namespace';
import { S3Error } from './errors.js';
import { headerValue, type S3Request } from './s3-request.js';

/** What must hold of a key's latest version for a write to happen. */
export interface WriteCondition {
  /** There is none, or it is a delete marker. */
  readonly mustBeNew: boolean;
  /** Its ETag, without quotes; `*` for any. */
  readonly etag: string | undefined;
}

type Latest = Pick<VersionDocument, 'kind' | 'etag'> | null;

/** S3 has `If-None-Match` of a write with `*` only. Throws NotImplemented for another. */
export function readWriteCondition(request: S3Request): WriteCondition {
  const ifNoneMatch = headerValue(request, 'if-none-match')?.trim();
  const etag = headerValue(request, 'if-match')?.trim().replaceAll('"', '');
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new S3Error('NotImplemented', { elements: { Header: 'If-None-Match' } });
  }
  if (ifNoneMatch !== undefined && etag !== undefined) {
    throw new S3Error('NotImplemented', { elements: { Header: 'If-Match' } });
  }
  return { mustBeNew: ifNoneMatch !== undefined, etag };
}

/** Throws PreconditionFailed; NoSuchKey where the version that must match is not there at all. */
export function judgeWrite({ mustBeNew, etag }: WriteCondition, latest: Latest, Key: string): void {
  const current = latest?.kind === 'version' ? latest.etag : undefined;
  if (mustBeNew && current !== undefined) throw failed('If-None-Match');
  if (etag === undefined) return;
  if (current === undefined) throw new S3Error('NoSuchKey', { elements: { Key } });
  if (etag !== '*' && etag !== current) throw failed('If-Match');
}

const failed = (Condition: string): S3Error => new S3Error('PreconditionFailed', { elements: { Condition } });
