import type { MirrorState } from '@mirror/events';
import { S3Error } from '../protocol/errors.js';
import { type ObjectToDelete, parseDelete } from '../protocol/request-documents.js';
import { headerValue } from '../protocol/s3-request.js';
import { xmlResponse } from '../protocol/s3-response.js';
import { group, tag } from '../protocol/xml.js';
import { toS3Error } from '../to-s3-error.js';
import { bucketOf } from './access.js';
import { type Deleted, deleteOne } from './delete-object.js';
import type { Call, Operation, Sources } from './operation.js';

/** S3's limit: 1,000 of the longest keys, escaped. */
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;
/** Transactions at once. */
const CONCURRENCY = 8;

/** One transaction a key: what fails for one says nothing of the others (rule R9). */
export const deleteObjects: Operation = async (call, sources) => {
  requireDigest(call);
  const { quiet, objects } = parseDelete(await call.body.text(MAX_DOCUMENT_BYTES));
  const bucket = bucketOf(call, sources);
  const results = await deleteAll(sources, bucket, objects);
  const shown = quiet ? results.filter(({ failed }) => failed !== undefined) : results;
  return xmlResponse('DeleteResult', ...shown.map(element));
};

/** S3 takes no such document whose bytes nobody vouches for. */
function requireDigest({ request }: Call): void {
  const isSigned = /^[0-9a-f]{64}$/.test(headerValue(request, 'x-amz-content-sha256') ?? '');
  const isDigested = [...request.headers.keys()].some((name) =>
    /^(content-md5|x-amz-checksum-.*|x-amz-trailer)$/.test(name),
  );
  if (isSigned || isDigested) return;
  throw new S3Error('InvalidRequest', {
    message: 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
  });
}

interface Result {
  readonly object: ObjectToDelete;
  readonly deleted?: Deleted;
  readonly failed?: S3Error;
}

/** In the order of the request; what names the same key one after the other, in that order. */
async function deleteAll(sources: Sources, bucket: MirrorState, objects: readonly ObjectToDelete[]): Promise<Result[]> {
  const results: Result[] = [];
  let outage: S3Error | undefined;
  const byKey = [...Map.groupBy(objects.entries(), ([, { key }]) => key).values()];
  const waiting = byKey.values();
  const work = async (): Promise<void> => {
    for (const group of waiting) {
      for (const [index, object] of group) {
        const result = outage === undefined ? await tryDelete(sources, bucket, object) : { object, failed: outage };
        results[index] = result;
        // The database is away, or the bucket is being detached: the rest need not find out one by one.
        if (result.failed !== undefined && result.failed.status >= 500) outage = result.failed;
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return results;
}

async function tryDelete(sources: Sources, bucket: MirrorState, object: ObjectToDelete): Promise<Result> {
  const { key, versionId, etag } = object;
  const condition = { mustBeNew: false, etag: etag?.replaceAll('"', '') };
  try {
    return { object, deleted: await deleteOne(sources, bucket, { key, versionId, condition }) };
  } catch (error) {
    return { object, failed: toS3Error(error) };
  }
}

function element({ object, deleted, failed }: Result): string {
  const { key, versionId } = object;
  const named = [tag('Key', key), ...(versionId === undefined ? [] : [tag('VersionId', versionId)])];
  if (deleted === undefined) {
    return group('Error', ...named, tag('Code', failed?.code ?? ''), tag('Message', failed?.message ?? ''));
  }
  if (!deleted.isMarker) return group('Deleted', ...named);
  return group('Deleted', ...named, tag('DeleteMarker', true), tag('DeleteMarkerVersionId', deleted.versionId));
}
