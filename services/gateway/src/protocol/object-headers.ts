import type { VersionDocument } from '@mirror/namespace';
import type { ByteRange } from './byte-range.js';
import { invalidArgument } from './errors.js';
import { queryValue, type S3Request } from './s3-request.js';

type Headers = Record<string, string>;

export const METADATA_PREFIX = 'x-amz-meta-';
/** S3's own for an object that was uploaded without. */
export const STANDARD_CONTENT_TYPE = 'binary/octet-stream';

/** Of the connector's headers, those that are about the object. The others are about its connection. */
const RELAYED = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'x-amz-mp-parts-count',
  'x-amz-storage-class',
  'x-amz-tagging-count',
  'x-amz-website-redirect-location',
]);

/** The headers that say which object it is; the same for 200, 206 and 304. */
export function identityHeaders({ _id, etag, lastModified }: VersionDocument): Headers {
  return { etag: `"${etag}"`, 'last-modified': lastModified.toUTCString(), 'x-amz-version-id': _id.v };
}

/** Answers from the mirror alone: a document that has been described. */
export function describedHeaders(
  document: VersionDocument,
  description: NonNullable<VersionDocument['description']>,
  range: ByteRange | undefined,
): Headers {
  const { size, storageClass } = document;
  return {
    ...identityHeaders(document),
    'accept-ranges': 'bytes',
    'content-type': description.contentType ?? STANDARD_CONTENT_TYPE,
    'content-length': String(range === undefined ? size : range.last - range.first + 1),
    ...(range === undefined ? {} : { 'content-range': `bytes ${range.first}-${range.last}/${size}` }),
    ...(storageClass === '' || storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': storageClass }),
    ...sendable(description.headers),
    ...sendable(description.metadata.map(([name, value]) => [METADATA_PREFIX + name, value])),
  };
}

/** Answers from the connector: what it said of the object, under the version id that the client knows. */
export function relayedHeaders({ _id }: VersionDocument, answered: Readonly<Headers>): Headers {
  const relayed = Object.entries(answered).filter(([name]) => RELAYED.has(name) || name.startsWith(METADATA_PREFIX));
  return { ...Object.fromEntries(relayed), 'accept-ranges': 'bytes', 'x-amz-version-id': _id.v };
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** A value with characters that no header carries is written as RFC 2047 has it, which is S3's own way. */
function sendable(pairs: ReadonlyArray<readonly [string, string]>): Headers {
  const usable = pairs.filter(([name]) => HEADER_NAME.test(name));
  return Object.fromEntries(
    usable.map(([name, value]) => [
      name,
      HEADER_VALUE.test(value) ? value : `=?UTF-8?B?${Buffer.from(value).toString('base64')}?=`,
    ]),
  );
}

const OVERRIDES = {
  'response-cache-control': 'cache-control',
  'response-content-disposition': 'content-disposition',
  'response-content-encoding': 'content-encoding',
  'response-content-language': 'content-language',
  'response-content-type': 'content-type',
  'response-expires': 'expires',
} as const;

/** Headers that the request wants instead of the object's own. Throws InvalidArgument for what no header carries. */
export function readOverrides(request: S3Request): Headers {
  const headers: Headers = {};
  for (const [parameter, header] of Object.entries(OVERRIDES)) {
    const value = queryValue(request, parameter);
    if (value === undefined) continue;
    if (!HEADER_VALUE.test(value)) throw invalidArgument(`${parameter} can not be a header`, parameter, value);
    headers[header] = value;
  }
  return headers;
}
