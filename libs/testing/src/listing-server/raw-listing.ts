import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ListObjectVersionsCommand, type ListObjectVersionsCommandInput, type S3Client } from '@aws-sdk/client-s3';
import { textsOf } from './s3-exchange.js';

export interface RawEntry {
  readonly key: string;
  readonly versionId: string;
  readonly kind: 'version' | 'deleteMarker';
  readonly isLatest: boolean;
  readonly lastModified: string;
  readonly hasEtag: boolean;
}

/** A page as it stands in its document: the SDK gives versions and delete markers apart, and so loses their order. */
export interface RawListing {
  readonly body: string;
  readonly entries: readonly RawEntry[];
  readonly isTruncated: boolean;
  readonly nextKeyMarker: string | undefined;
  readonly nextVersionIdMarker: string | undefined;
}

type PageInput = Omit<ListObjectVersionsCommandInput, 'Bucket'>;

/** One page, keys asked for URL-encoded and decoded. */
export async function listRaw(s3: S3Client, bucket: string, input: PageInput = {}): Promise<RawListing> {
  const command = new ListObjectVersionsCommand({ Bucket: bucket, EncodingType: 'url', ...input });
  let body = '';
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as { statusCode: number; body: Readable | Uint8Array };
      if (response.statusCode !== 200) return result;
      const bytes = await buffer(response.body as Readable);
      body = bytes.toString();
      response.body = bytes;
      return result;
    },
    { step: 'deserialize', name: 'takeListing' },
  );
  await s3.send(command);
  return readListing(body);
}

function readListing(body: string): RawListing {
  const decode = textsOf(body, 'EncodingType')[0] === 'url' ? decodeUrl : (text: string) => text;
  // Some endpoints leave empty elements out, others don't.
  const one = (name: string): string | undefined => textsOf(body, name)[0] || undefined;
  const marker = one('NextKeyMarker');
  return {
    body,
    entries: [...body.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)].map(([, name, text = '']) => ({
      key: decode(textsOf(text, 'Key')[0] ?? ''),
      versionId: textsOf(text, 'VersionId')[0] ?? '',
      kind: name === 'Version' ? 'version' : 'deleteMarker',
      isLatest: textsOf(text, 'IsLatest')[0] === 'true',
      lastModified: textsOf(text, 'LastModified')[0] ?? '',
      hasEtag: Boolean(textsOf(text, 'ETag')[0]),
    })),
    isTruncated: one('IsTruncated') === 'true',
    nextKeyMarker: marker === undefined ? undefined : decode(marker),
    nextVersionIdMarker: one('NextVersionIdMarker'),
  };
}

const decodeUrl = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

/** All pages of a listing, followed by their markers; stops with an error where these lead nowhere. */
export async function* listPages(s3: S3Client, bucket: string, input: PageInput = {}): AsyncGenerator<RawListing> {
  const passed = new Set<string>();
  let markers: PageInput = {};
  for (;;) {
    const page = await listRaw(s3, bucket, { ...input, ...markers });
    yield page;
    if (!page.isTruncated) return;
    markers = { KeyMarker: page.nextKeyMarker, VersionIdMarker: page.nextVersionIdMarker };
    const marker = JSON.stringify(markers);
    if (passed.has(marker)) throw new Error(`the listing comes back to the marker ${marker}`);
    passed.add(marker);
  }
}

/** Every entry once, in listed order. */
export async function listOnce(s3: S3Client, bucket: string, input: PageInput = {}): Promise<RawEntry[]> {
  const entries = new Map<string, RawEntry>();
  for await (const page of listPages(s3, bucket, input)) {
    for (const entry of page.entries) {
      const identity = `${entry.versionId}/${entry.key}`;
      if (!entries.has(identity)) entries.set(identity, entry);
    }
  }
  return [...entries.values()];
}
