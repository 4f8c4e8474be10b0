import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { PermanentError } from '@mirror/runtime';
import { translateS3Error } from './translate-error.js';

/**
 * Whether the keys may write: begins a multipart upload on a key of its own and aborts it, so that no object, version or
 * marker comes to be. The right to abort is tried first, since without it something would be left. `cleanUp` is the
 * signal for what must still be done when `signal` has ended the rest.
 */
export async function tryWriting(
  client: S3Client,
  bucket: string,
  key: string,
  signal: AbortSignal,
  cleanUp: AbortSignal,
): Promise<void> {
  const target = { Bucket: bucket, Key: key };
  await abort(client, { ...target, UploadId: unknownUpload }, signal);
  let uploadId: string | undefined;
  try {
    const created = await client.send(new CreateMultipartUploadCommand(target), { abortSignal: signal });
    uploadId = created.UploadId;
  } catch (error) {
    const translated = translateS3Error(error);
    // No answer is no refusal: the upload may have begun.
    if (translated.context.status === undefined) await abortAll(client, bucket, key, cleanUp);
    throw translated;
  }
  await abort(client, { ...target, UploadId: uploadId ?? unknownUpload }, cleanUp).catch((error: unknown) => {
    throw left(key, uploadId, error);
  });
}

/** An id of the usual form that no upload has. */
const unknownUpload = '00000000000000000000000000000000';

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

/** An upload that is not there is as good as aborted; an id that is not of its form, an endpoint may refuse by 400. */
async function abort(client: S3Client, upload: Upload, signal: AbortSignal): Promise<void> {
  try {
    await client.send(new AbortMultipartUploadCommand(upload), { abortSignal: signal });
  } catch (error) {
    const translated = translateS3Error(error);
    const isMisformed = upload.UploadId === unknownUpload && translated.context.status === 400;
    if (translated.code !== 'S3.NO_SUCH_UPLOAD' && !isMisformed) throw translated;
  }
}

/** As well as it can be done: the endpoint has just failed to answer. */
async function abortAll(client: S3Client, bucket: string, key: string, signal: AbortSignal): Promise<void> {
  try {
    const list = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key });
    const { Uploads = [] } = await client.send(list, { abortSignal: signal });
    for (const { UploadId } of Uploads) {
      if (UploadId) await abort(client, { Bucket: bucket, Key: key, UploadId }, signal);
    }
  } catch {
    // What the caller reports is that the endpoint did not answer, which is also why this failed.
  }
}

function left(key: string, uploadId: string | undefined, cause: unknown): PermanentError {
  return new PermanentError(`A multipart upload was begun and could not be aborted: key ${key}, id ${uploadId}`, {
    code: 'S3.UPLOAD_LEFT',
    hint: 'Give the key the right to abort multipart uploads, and abort this one by hand.',
    cause,
  });
}
