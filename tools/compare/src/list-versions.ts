import { ListObjectVersionsCommand, type ListObjectVersionsCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { captureEntryOrder, type EntryOutline } from './entry-order.js';
import type { ListedEntry } from './listed-entry.js';

/** One side of the comparison. */
export interface Side {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface ListingOptions {
  readonly prefix?: string;
  /** Of a page; at most 1,000 with most endpoints. */
  readonly maxKeys: number;
}

interface Page {
  readonly entries: readonly ListedEntry[];
  readonly next: Markers | undefined;
}

type Ask = (markers: Markers | undefined) => Promise<Page>;

interface Markers {
  readonly keyMarker: string;
  readonly versionIdMarker: string | undefined;
}

/** Lists all versions and delete markers of a bucket, as they come, one page ahead of the reader. */
export async function* listVersions(side: Side, options: ListingOptions): AsyncGenerator<ListedEntry> {
  const client = createClient(side);
  const ask: Ask = (markers) => fetchPage(client, side.bucket, options, markers);
  try {
    let number = 0;
    let coming: Promise<readonly Page[]> | undefined = ask(undefined).then((page) => [page]);
    while (coming !== undefined) {
      const pages: readonly Page[] = await coming;
      const next = pages.at(-1)?.next;
      coming = next && pagesAfter(next, ask);
      // A reader that leaves early never awaits it; one that stays gets the error all the same.
      coming?.catch(() => {});
      for (const { entries } of pages) {
        number += 1;
        for (const entry of entries) yield { ...entry, page: number };
      }
    }
  } finally {
    client.destroy();
  }
}

/**
 * After the marker of a `null` version, some endpoints answer as if hardly anything followed. So only what is left of its
 * key is taken from that answer, and what comes after the key from one that the key alone asks for.
 */
async function pagesAfter(markers: Markers, ask: Ask): Promise<readonly Page[]> {
  const { keyMarker, versionIdMarker } = markers;
  if (versionIdMarker !== 'null') return [await ask(markers)];
  const [both, byKey] = await Promise.all([ask(markers), ask({ keyMarker, versionIdMarker: undefined })]);
  const ownKey = keyOf(keyMarker);
  if (both.next !== undefined && keyOf(both.next.keyMarker) === ownKey) return [both];
  return [{ ...both, entries: both.entries.filter(({ key }) => key === ownKey) }, byKey];
}

/** MinIO's markers carry a cache's state behind the key. */
const keyOf = (marker: string): string => marker.replace(/\[minio_cache:[^\]]*\]$/, '');

export function createClient(side: Side): S3Client {
  return new S3Client({
    endpoint: side.endpoint,
    region: side.region,
    credentials: { accessKeyId: side.accessKeyId, secretAccessKey: side.secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 5,
  });
}

async function fetchPage(
  client: S3Client,
  bucket: string,
  options: ListingOptions,
  markers: Markers | undefined,
): Promise<Page> {
  const command = new ListObjectVersionsCommand({
    Bucket: bucket,
    Prefix: options.prefix,
    MaxKeys: options.maxKeys,
    // Keys may hold what XML can't say.
    EncodingType: 'url',
    KeyMarker: markers?.keyMarker,
    VersionIdMarker: markers?.versionIdMarker,
  });
  const order = captureEntryOrder(command);
  const answer = await client.send(command);
  return { entries: readEntries(answer, order.entries()), next: nextMarkers(answer, markers) };
}

/** The SDK hands versions and markers in two lists; `outlines` says how they were interleaved. */
function readEntries(answer: ListObjectVersionsCommandOutput, outlines: readonly EntryOutline[]): ListedEntry[] {
  const decode = keyDecoder(answer);
  const versions = (answer.Versions ?? []).map((version) => ({
    ...identity(version, decode),
    kind: 'version' as const,
    size: version.Size ?? 0,
    etag: (version.ETag ?? '').replace(/^"|"$/g, ''),
  }));
  const markers = (answer.DeleteMarkers ?? []).map((marker) => ({
    ...identity(marker, decode),
    kind: 'deleteMarker' as const,
    size: null,
    etag: null,
  }));
  if (outlines.length !== versions.length + markers.length)
    throw new Error('the listing could not be read in its order');
  const sources = { version: versions.values(), deleteMarker: markers.values() };
  return outlines.map(({ kind, lastModified }) => {
    const { value } = sources[kind].next();
    if (value === undefined) throw new Error('the listing could not be read in its order');
    return lastModified === undefined ? value : { ...value, lastModifiedMs: timeOf(lastModified) };
  });
}

/** Whole milliseconds, as S3 has them: what an endpoint lists beyond is cut, and not rounded up into another second. */
function timeOf(lastModified: string): number {
  const ms = Date.parse(lastModified);
  if (Number.isNaN(ms)) throw new Error(`"${lastModified}" is listed as a time`);
  return ms;
}

interface Identified {
  Key?: string;
  VersionId?: string;
  IsLatest?: boolean;
  LastModified?: Date;
}

function identity(entry: Identified, decode: (text: string) => string) {
  const { Key, VersionId, IsLatest, LastModified } = entry;
  if (Key === undefined || VersionId === undefined || LastModified === undefined) {
    throw new Error(`an entry without key, version id or time is listed: ${JSON.stringify(entry)}`);
  }
  return {
    key: decode(Key),
    versionId: VersionId,
    isLatest: IsLatest ?? false,
    lastModifiedMs: LastModified.getTime(),
  };
}

function nextMarkers(answer: ListObjectVersionsCommandOutput, markers: Markers | undefined): Markers | undefined {
  if (answer.IsTruncated !== true) return undefined;
  if (answer.NextKeyMarker === undefined) throw new Error('a truncated page names no next key marker');
  const next = {
    keyMarker: keyDecoder(answer)(answer.NextKeyMarker),
    versionIdMarker: answer.NextVersionIdMarker || undefined,
  };
  if (next.keyMarker === markers?.keyMarker && next.versionIdMarker === markers.versionIdMarker) {
    throw new Error(`the listing does not get beyond ${JSON.stringify(next.keyMarker)}`);
  }
  return next;
}

/** Some endpoints ignore the encoding that was asked for, and then do not say that they used it. */
function keyDecoder(answer: ListObjectVersionsCommandOutput): (text: string) => string {
  if (answer.EncodingType !== 'url') return (text) => text;
  return (text) => decodeURIComponent(text.replaceAll('+', ' '));
}
