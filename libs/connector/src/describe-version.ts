import {
  GetObjectCommand,
  GetObjectTaggingCommand,
  type GetObjectTaggingCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { entries } from './error-table.js';
import { errorOf, translateS3Error } from './translate-error.js';

/** What a listing does not tell of a version. */
export interface VersionDescription {
  /** Without quotes, to be held against the listing's. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** ISO 8601 in UTC, whole seconds: HTTP has no more. */
  readonly lastModified: string;
  readonly contentType: string | null;
  /** Of cache-control, content-disposition, content-encoding, content-language and expires those that it has. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata, names in lower case without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** Reads a version's description by HEAD and GetObjectTagging, both with its id. Throws by the error table. */
export async function describeVersion(
  client: S3Client,
  bucket: string,
  key: string,
  versionId: string,
  signal?: AbortSignal,
): Promise<VersionDescription | { readonly gone: true }> {
  const version = { Bucket: bucket, Key: key, VersionId: versionId };
  try {
    const head = await unlessGone(client, version, signal, () =>
      client.send(new HeadObjectCommand(version), { abortSignal: signal }),
    );
    if (head === gone) return { gone };
    const tagging = await unlessGone(client, version, signal, () =>
      client.send(new GetObjectTaggingCommand(version), { abortSignal: signal }),
    );
    return tagging === gone ? { gone } : described(head, tagging);
  } catch (error) {
    if (versionId !== 'null' || translateS3Error(error).code !== entries.conflict.code) throw error;
    const found = await describeLatest(client, { Bucket: bucket, Key: key }, signal);
    if (found === undefined) throw error;
    return found;
  }
}

/**
 * versitygw knows a null version by that id to GET, but neither to HEAD nor to GetObjectTagging. Where it is its key's latest
 * they find it without an id; undefined: another one is.
 */
async function describeLatest(
  client: S3Client,
  object: Pick<Version, 'Bucket' | 'Key'>,
  signal: AbortSignal | undefined,
): Promise<VersionDescription | undefined> {
  try {
    const head = await client.send(new HeadObjectCommand(object), { abortSignal: signal });
    const tagging = await client.send(new GetObjectTaggingCommand(object), { abortSignal: signal });
    const ids = [head.VersionId, tagging.VersionId];
    return ids.every((id) => id === undefined || id === 'null') ? described(head, tagging) : undefined;
  } catch (error) {
    throw translateS3Error(error);
  }
}

function described(head: HeadObjectCommandOutput, { TagSet = [] }: GetObjectTaggingCommandOutput): VersionDescription {
  const tags = TagSet.map(({ Key = '', Value = '' }) => [Key, Value]);
  return { ...describe(head), tags: Object.fromEntries(tags) };
}

/**
 * Whether a version is still at the connector; a delete marker is found too. Only the endpoint's own word for exactly
 * this version is believed: a missing bucket, a denial or a proxy's 404 throws, because a wrong 'gone' removes objects.
 */
export async function headVersion(
  client: S3Client,
  bucket: string,
  key: string,
  versionId: string,
  signal?: AbortSignal,
): Promise<'found' | 'gone'> {
  const version = { Bucket: bucket, Key: key, VersionId: versionId };
  try {
    const head = () => client.send(new HeadObjectCommand(version), { abortSignal: signal });
    return (await unlessGone(client, version, signal, head)) === gone ? 'gone' : 'found';
  } catch (error) {
    if (isDeleteMarker(error)) return 'found';
    throw error;
  }
}

const gone = true;

interface Version {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId: string;
}

async function unlessGone<T>(
  client: S3Client,
  version: Version,
  signal: AbortSignal | undefined,
  ask: () => Promise<T>,
): Promise<T | typeof gone> {
  try {
    return await ask();
  } catch (error) {
    const translated = translateS3Error(error);
    if (translated.context.status !== 404) throw translated;
    await confirmGone(client, version, signal);
    return gone;
  }
}

/** HEAD's 404 has no body, and so could mean the bucket, or come from a proxy: GET has one that says what is missing. */
async function confirmGone(client: S3Client, version: Version, signal: AbortSignal | undefined): Promise<void> {
  try {
    const { Body } = await client.send(new GetObjectCommand({ ...version, Range: 'bytes=0-0' }), {
      abortSignal: signal,
    });
    await Body?.transformToByteArray();
    throw errorOf(entries.conflict, 'HEAD says that the version is gone, and GET finds it');
  } catch (error) {
    const translated = translateS3Error(error);
    if (translated.code === 'S3.NO_SUCH_KEY' || translated.code === 'S3.NO_SUCH_VERSION') return;
    throw translated;
  }
}

function isDeleteMarker(error: unknown): boolean {
  return translateS3Error(error).context.status === 405;
}

function describe(head: HeadObjectCommandOutput): Omit<VersionDescription, 'tags'> {
  const headers = {
    'cache-control': head.CacheControl,
    'content-disposition': head.ContentDisposition,
    'content-encoding': head.ContentEncoding,
    'content-language': head.ContentLanguage,
    expires: head.ExpiresString,
  };
  const present = Object.entries(headers).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return {
    etag: (head.ETag ?? '').replace(/^"(.*)"$/, '$1'),
    size: head.ContentLength ?? 0,
    lastModified: (head.LastModified ?? new Date(0)).toISOString(),
    contentType: head.ContentType ?? null,
    headers: Object.fromEntries(present),
    metadata: head.Metadata ?? {},
  };
}
