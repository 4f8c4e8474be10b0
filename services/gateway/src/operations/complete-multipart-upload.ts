import { createHash, randomUUID } from 'node:crypto';
import type { StagedContent } from '@mirror/events';
import type { OperationWhat, VersionDocument } from '@mirror/namespace';
import { checksumHeader } from '../body/checksums.js';
import { S3Error } from '../protocol/errors.js';
import { type CompletedPart, parseCompletion } from '../protocol/request-documents.js';
import { headerValue, type S3Request } from '../protocol/s3-request.js';
import { type S3Response, xmlResponse } from '../protocol/s3-response.js';
import { judgeWrite, readWriteCondition } from '../protocol/write-condition.js';
import { tag } from '../protocol/xml.js';
import type { CompletedUpload, MultipartUpload, UploadPart } from '../uploads/multipart-uploads.js';
import { newVersion } from './accept-object.js';
import { bucketOf } from './access.js';
import { chooseParts, elementName, wholeChecksum } from './chosen-parts.js';
import { findUpload, MAX_PARTS, noSuchUpload } from './multipart-upload.js';
import type { Call, Operation, Sources } from './operation.js';

/** S3's limit: 10,000 parts with the longest checksums. */
const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;

/** One that was completed before is answered as it was then: a client that lost the answer asks again. */
export const completeMultipartUpload: Operation = async (call, sources) => {
  const condition = readWriteCondition(call.request);
  const listed = parseCompletion(await call.body.text(MAX_DOCUMENT_BYTES, 'ofObject'));
  const upload = await findUpload(call, sources);
  const completed = upload.completed ?? (await complete(call, sources, upload, listed, condition));
  return answer(call.request, upload, completed);
};

/** The upload ends, and the object that it makes is accepted, in one transaction. */
async function complete(
  call: Call,
  sources: Sources,
  upload: MultipartUpload,
  listed: readonly CompletedPart[],
  condition: ReturnType<typeof readWriteCondition>,
): Promise<CompletedUpload> {
  const { acceptance, uploads } = sources.writing;
  const { _id: uploadId, mirrorId, key } = upload;
  const operationId = randomUUID();
  const { bucket } = bucketOf(call, sources);
  const { completed, left } = await acceptance.transaction(async (session) => {
    if (!(await uploads.touch(session, uploadId))) return endedByAnother(sources, upload);
    const known = await uploads.parts(uploadId, 0, MAX_PARTS, session);
    const { put, ...ended } = putTogether(call.request, upload, listed, known);
    await uploads.complete(session, uploadId, ended.completed, new Date());
    const stagedIds = put.content.parts.map(({ stagedId }) => stagedId);
    const decide = (latest: VersionDocument | null): OperationWhat => {
      judgeWrite(condition, latest, key);
      return put;
    };
    await acceptance.acceptWithin(session, operationId, { mirrorId, bucket, key, stagedIds, decide });
    await acceptance.abandonUpload(session, uploadId);
    return ended;
  });
  await acceptance.discard(left);
  return completed;
}

/** What the listed parts make, what is answered for it, and what was staged beside them. Throws S3's errors of completions. */
function putTogether(
  request: S3Request,
  upload: MultipartUpload,
  listed: readonly CompletedPart[],
  known: readonly UploadPart[],
) {
  const chosen = chooseParts(listed, known, upload._id);
  const checksum = wholeChecksum(upload, chosen);
  checkWhole(request, upload, chosen, checksum);
  const put = newVersion({ content: contentOf(chosen), etag: etagOf(chosen), description: upload.description });
  const { versionId, etag } = put;
  const completed = { versionId, etag, ...(checksum === undefined ? {} : { checksum }) };
  return { put, completed, left: leftOver(known, chosen) };
}

/** Somebody else ended it: the same completion, sent twice at once, or an abort. */
async function endedByAnother({ writing }: Sources, { _id, mirrorId, key }: MultipartUpload) {
  const ended = await writing.uploads.find(mirrorId, key, _id);
  if (ended?.completed === undefined) throw noSuchUpload(_id);
  return { completed: ended.completed, left: [] };
}

const contentOf = (parts: readonly UploadPart[]): StagedContent => ({
  form: 'multipart',
  parts: parts.map(({ stagedId, size, md5 }) => ({ stagedId, size, md5 })),
});

/** S3's: the MD5 of the parts' MD5s, and how many there are. */
function etagOf(parts: readonly UploadPart[]): string {
  const hash = createHash('md5');
  for (const { md5 } of parts) hash.update(md5, 'hex');
  return `${hash.digest('hex')}-${parts.length}`;
}

function leftOver(known: readonly UploadPart[], chosen: readonly UploadPart[]): string[] {
  const taken = new Set(chosen.map(({ stagedId }) => stagedId));
  return known.map(({ stagedId }) => stagedId).filter((stagedId) => !taken.has(stagedId));
}

/** What the client says of the whole object, in the headers of its completion. */
function checkWhole(
  request: S3Request,
  { checksum: kind }: MultipartUpload,
  parts: readonly UploadPart[],
  checksum: string | undefined,
): void {
  const size = headerValue(request, 'x-amz-mp-object-size');
  if (size !== undefined && Number(size) !== parts.reduce((sum, part) => sum + part.size, 0)) {
    throw new S3Error('InvalidRequest', {
      message: 'The provided x-amz-mp-object-size does not match the size of the object.',
    });
  }
  const expected = kind === null ? undefined : headerValue(request, checksumHeader(kind.algorithm));
  // The number of parts may be left out of a composite one.
  if (expected === undefined || expected === checksum || expected === checksum?.split('-')[0]) return;
  const message = `The ${kind?.algorithm} you specified did not match the calculated checksum.`;
  throw new S3Error('BadDigest', { message });
}

function answer(request: S3Request, { checksum: kind }: MultipartUpload, completed: CompletedUpload): S3Response {
  const { bucket, key } = request;
  const path = key.split('/').map(encodeURIComponent).join('/');
  const response = xmlResponse(
    'CompleteMultipartUploadResult',
    tag('Location', `http://${headerValue(request, 'host') ?? ''}/${bucket}/${path}`),
    tag('Bucket', bucket),
    tag('Key', key),
    tag('ETag', `"${completed.etag}"`),
    ...(kind === null || completed.checksum === undefined
      ? []
      : [tag(elementName(kind.algorithm), completed.checksum), tag('ChecksumType', kind.type)]),
  );
  return { ...response, headers: { ...response.headers, 'x-amz-version-id': completed.versionId } };
}
