import type { StoredDescription } from '@mirror/namespace';
import { readDirective } from '../protocol/copy-source.js';
import { S3Error } from '../protocol/errors.js';
import { headerValue } from '../protocol/s3-request.js';
import { xmlResponse } from '../protocol/s3-response.js';
import { readTaggingHeader } from '../protocol/tags.js';
import { checkDescription, checkNewKey, readDescription, refuseHeaders } from '../protocol/upload-headers.js';
import { readWriteCondition } from '../protocol/write-condition.js';
import { tag } from '../protocol/xml.js';
import { acceptObject, judgeEarly } from './accept-object.js';
import { bucketOf } from './access.js';
import { type FoundSource, findSource, openSource } from './copy-source.js';
import { currentTags } from './object-tagging.js';
import type { Call, Operation, Sources } from './operation.js';
import { MAX_PUT_BYTES } from './put-object.js';

/** Stages the source's bytes before it answers: from then on the copy needs its source no more (rule R9). */
export const copyObject: Operation = async (call, sources) => {
  const { key } = call.request;
  checkNewKey(key);
  refuseHeaders(call.request);
  const condition = readWriteCondition(call.request);
  const bucket = bucketOf(call, sources);
  const source = await findSource(call, sources);
  refuseSource(call, source);
  await judgeEarly(sources, bucket, key, condition);
  const opened = await openSource(call, sources, source.found, undefined);
  const description = await describeCopy(call, sources, source, opened.description);
  const { size, md5, stagedId } = await sources.writing.acceptance.stage(
    { mirrorId: bucket.mirrorId, bucket: bucket.bucket, key },
    opened.content,
  );
  const content = { form: 'single' as const, parts: [{ stagedId, size, md5 }] };
  const accepted = await acceptObject(sources, { bucket, key, condition, content, etag: md5, description });
  const answer = xmlResponse('CopyObjectResult', ...copiedFacts(accepted.acceptedAt, md5));
  const ids = { 'x-amz-version-id': accepted.versionId, ...sourceVersion(source) };
  return { ...answer, headers: { ...answer.headers, ...ids } };
};

/** The same for an object and for a part. */
export const copiedFacts = (at: Date, etag: string): string[] => [
  tag('LastModified', at.toISOString()),
  tag('ETag', `"${etag}"`),
];

export const sourceVersion = ({ found }: FoundSource): Record<string, string> => ({
  'x-amz-copy-source-version-id': found.document._id.v,
});

function refuseSource({ request }: Call, { named, found }: FoundSource): void {
  if (found.document.size > MAX_PUT_BYTES) {
    const message = `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_PUT_BYTES}`;
    throw new S3Error('InvalidRequest', { message });
  }
  const isItself = named.bucket === request.bucket && named.key === request.key && named.versionId === undefined;
  if (
    !isItself ||
    readDirective(request, 'metadata') === 'REPLACE' ||
    readDirective(request, 'tagging') === 'REPLACE'
  ) {
    return;
  }
  const message =
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.";
  throw new S3Error('InvalidRequest', { message });
}

async function describeCopy(
  call: Call,
  sources: Sources,
  { found }: FoundSource,
  original: Omit<StoredDescription, 'tags'>,
): Promise<StoredDescription> {
  const { request } = call;
  const replaces = (what: 'metadata' | 'tagging'): boolean => readDirective(request, what) === 'REPLACE';
  const { contentType, headers, metadata } = replaces('metadata') ? readDescription(request) : original;
  checkDescription({ contentType, headers, metadata });
  const tags = replaces('tagging')
    ? readTaggingHeader(headerValue(request, 'x-amz-tagging'))
    : await currentTags(call, sources, found);
  return { contentType, headers, metadata, tags };
}
