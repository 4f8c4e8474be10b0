import { checksumHeader } from '../body/checksums.js';
import type { CheckedContent } from '../body/payload.js';
import { checkNewKey, readDescription } from '../protocol/upload-headers.js';
import { readWriteCondition } from '../protocol/write-condition.js';
import { acceptObject, judgeEarly } from './accept-object.js';
import { bucketOf } from './access.js';
import type { Operation } from './operation.js';

/** S3's limit of an object that comes in one request, and of what is copied in one. */
export const MAX_PUT_BYTES = 5 * 1024 ** 3;

/** Everything that can be refused is, before the first byte is asked for. */
export const putObject: Operation = async (call, sources) => {
  const { key } = call.request;
  checkNewKey(key);
  const description = readDescription(call.request);
  const condition = readWriteCondition(call.request);
  const body = call.body.content(MAX_PUT_BYTES);
  const bucket = bucketOf(call, sources);
  await judgeEarly(sources, bucket, key, condition);
  const { size, md5, stagedId } = await sources.writing.acceptance.stage(
    { mirrorId: bucket.mirrorId, bucket: bucket.bucket, key },
    body,
  );
  const content = { form: 'single' as const, parts: [{ stagedId, size, md5 }] };
  const { versionId } = await acceptObject(sources, { bucket, key, condition, content, etag: md5, description });
  const headers = { etag: `"${md5}"`, 'x-amz-version-id': versionId, ...checksumHeaders(body) };
  return { status: 200, headers };
};

/** The checksum that the client announced, found true. */
export function checksumHeaders({ payload, checksum }: CheckedContent): Record<string, string> {
  if (payload.checksum === undefined || checksum === undefined) return {};
  return { [checksumHeader(payload.checksum.algorithm)]: checksum, 'x-amz-checksum-type': 'FULL_OBJECT' };
}
