import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { StoredDescription } from '@mirror/namespace';
import { TransientError } from '@mirror/runtime';
import type { PushContext, PutAnswer } from './push-object.js';
import { objectHeaders, withHeaders } from './request-headers.js';
import { type StagedPart, sendStaged } from './staged-body.js';

/** Begins an upload at the connector. Its id is to be stored before the first part is sent. */
export async function createUpload(context: PushContext, key: string, description: StoredDescription): Promise<string> {
  const headers = objectHeaders(description);
  const { UploadId } = await context.access.send((client, Bucket) =>
    client.send(withHeaders(new CreateMultipartUploadCommand({ Bucket, Key: key }), headers), {
      abortSignal: AbortSignal.any([context.signal, AbortSignal.timeout(60_000)]),
    }),
  );
  if (UploadId) return UploadId;
  throw new TransientError('The connector began a multipart upload and told no id', {
    code: 'S3.NO_UPLOAD_ID',
    hint: 'Look at what stands before the endpoint.',
  });
}

/** Sends the parts that are not there yet, in the client's own sizes, so that the ETag stays the client's. */
export async function sendParts(
  context: PushContext,
  key: string,
  uploadId: string,
  parts: readonly StagedPart[],
  isResumed: boolean,
): Promise<void> {
  const there = isResumed ? await listParts(context, key, uploadId) : new Map<number, string>();
  const missing = parts.map((part, index) => ({ part, number: index + 1 })).filter((one) => !isThere(there, one));
  const stop = new AbortController();
  const bounded = { ...context, signal: AbortSignal.any([context.signal, stop.signal]) };
  const queue = missing.values(); // shared: each worker takes the next one
  const work = async (): Promise<void> => {
    for (const { part, number } of queue) await sendPart(bounded, key, uploadId, number, part);
  };
  const workers = Array.from({ length: Math.min(context.partsAtOnce, missing.length) }, work);
  try {
    await Promise.all(workers);
  } catch (error) {
    stop.abort();
    await Promise.allSettled(workers); // nothing of this attempt goes on behind its back
    throw error;
  }
}

const isThere = (there: ReadonlyMap<number, string>, { part, number }: { part: StagedPart; number: number }): boolean =>
  there.get(number) === part.md5;

async function sendPart(
  { access, staging, bandwidth, signal }: PushContext,
  Key: string,
  UploadId: string,
  PartNumber: number,
  part: StagedPart,
): Promise<void> {
  const ContentMD5 = Buffer.from(part.md5, 'hex').toString('base64');
  const input = { Key, UploadId, PartNumber, ContentLength: part.size, ContentMD5 };
  await access.send((client, Bucket) =>
    sendStaged(staging, part, bandwidth, signal, (Body, abortSignal) =>
      client.send(new UploadPartCommand({ ...input, Bucket, Body }), { abortSignal }),
    ),
  );
}

/** Part number → ETag without quotes. */
async function listParts({ access }: PushContext, Key: string, UploadId: string): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (let marker: string | undefined; ; ) {
    const PartNumberMarker = marker;
    const page = await access.send((client, Bucket) =>
      client.send(new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker })),
    );
    for (const { PartNumber = 0, ETag = '' } of page.Parts ?? []) found.set(PartNumber, ETag.replaceAll('"', ''));
    if (!page.IsTruncated || !page.NextPartNumberMarker || page.NextPartNumberMarker === marker) return found;
    marker = page.NextPartNumberMarker;
  }
}

/** From here on a version may be there: that it is about to be asked for was stored before. */
export async function completeUpload(
  { access, signal }: PushContext,
  Key: string,
  UploadId: string,
  parts: readonly StagedPart[],
): Promise<PutAnswer> {
  const Parts = parts.map(({ md5 }, index) => ({ PartNumber: index + 1, ETag: `"${md5}"` }));
  const { VersionId } = await access.send((client, Bucket) =>
    client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }), {
      abortSignal: signal,
    }),
  );
  return { versionId: VersionId };
}

/** Frees what an upload that nobody will complete holds at the connector. One that is not there any more is fine. */
export async function abortUpload(
  { access }: Pick<PushContext, 'access'>,
  Key: string,
  UploadId: string,
): Promise<void> {
  const abort = access.send((client, Bucket) =>
    client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), {
      abortSignal: AbortSignal.timeout(30_000),
    }),
  );
  await abort.catch((error: { code?: string }) => {
    if (error.code !== 'S3.NO_SUCH_UPLOAD') throw error;
  });
}
