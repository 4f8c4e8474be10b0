import { GetObjectCommand, GetObjectTaggingCommand, type S3Client } from '@aws-sdk/client-s3';
import { translateS3Error } from './translate-error.js';
import type { ListedVersion } from './version-page.js';

/**
 * Whether the keys may read: one byte and the tags of a listed version, or, where nothing is listed, an object that is
 * not there, for which S3 says so only to whoever may read. Answers what was tried.
 */
export async function tryReading(
  client: S3Client,
  bucket: string,
  sample: ListedVersion | undefined,
  missingKey: string,
  signal: AbortSignal,
): Promise<string> {
  if (sample === undefined) {
    await unlessMissing(() => readOneByte(client, { Bucket: bucket, Key: missingKey }, signal));
    return 'A missing object is answered as missing.';
  }
  const version = { Bucket: bucket, Key: sample.key, VersionId: sample.versionId };
  // No byte of an empty object can be asked for.
  const range = sample.size > 0 ? { Range: 'bytes=0-0' } : {};
  await unlessMissing(() => readOneByte(client, { ...version, ...range }, signal));
  await unlessMissing(() => client.send(new GetObjectTaggingCommand(version), { abortSignal: signal }));
  return 'A listed version and its tags can be read.';
}

async function readOneByte(
  client: S3Client,
  input: { Bucket: string; Key: string; VersionId?: string; Range?: string },
  signal: AbortSignal,
): Promise<void> {
  const { Body } = await client.send(new GetObjectCommand(input), { abortSignal: signal });
  // An endpoint that ignores the range would send all of it.
  if (Body && 'destroy' in Body) Body.destroy();
}

/** All that was asked is whether it is allowed: gone meanwhile, or archived, is an answer too. */
async function unlessMissing(ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    const translated = translateS3Error(error);
    const { s3Code } = translated.context;
    const isAllowed = s3Code === 'NoSuchKey' || s3Code === 'NoSuchVersion' || s3Code === 'InvalidObjectState';
    if (!isAllowed) throw translated;
  }
}
