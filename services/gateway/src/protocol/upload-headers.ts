import type { StoredDescription } from '@mirror/namespace';
import { invalidArgument, S3Error } from './errors.js';
import { METADATA_PREFIX, STANDARD_CONTENT_TYPE } from './object-headers.js';
import { headerValue, type S3Request } from './s3-request.js';
import { readTaggingHeader } from './tags.js';

/** The connector's own limit of a key, below S3's, in bytes of UTF-8. */
const MAX_KEY_BYTES = 915;
/** S3's limit of all names and values; and the connector's, which counts each name with its prefix. */
const MAX_METADATA_BYTES = 2_048;
const MAX_PREFIXED_BYTES = 2_136;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;
const SENDABLE = /^[\t\x20-\x7e]*$/;

const CONTENT_HEADERS = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'expires'];

/** What would need the connector to do more than keep an object. */
const NOT_IMPLEMENTED =
  /^x-amz-(server-side-encryption.*|object-lock-.*|website-redirect-location|grant-.*|write-offset-bytes|copy-source-server-side-encryption.*)$/;
const KEPT_ACLS = new Set(['private', 'bucket-owner-full-control', 'bucket-owner-read']);

/** Keys that the connector would refuse for good. Throws KeyTooLongError, InvalidArgument. */
export function checkNewKey(key: string): void {
  const Size = Buffer.byteLength(key);
  if (Size > MAX_KEY_BYTES) {
    throw new S3Error('KeyTooLongError', { elements: { Size, MaxSizeAllowed: MAX_KEY_BYTES } });
  }
  if (CONTROL.test(key)) throw invalidArgument('A key must not have control characters.', 'Key', key);
}

export const canBeNew = (key: string): boolean => Buffer.byteLength(key) <= MAX_KEY_BYTES && !CONTROL.test(key);

/** What the headers of an upload say of the object that it makes. Throws S3's errors for what can't be kept. */
export function readDescription(request: S3Request): StoredDescription {
  refuseHeaders(request);
  const described = { ...descriptionIn(request), tags: readTaggingHeader(headerValue(request, 'x-amz-tagging')) };
  checkDescription(described);
  return described;
}

/** What the headers of a request, or of an answer, say of an object. Nothing is checked. */
export function descriptionIn(message: Pick<S3Request, 'headers'>): Omit<StoredDescription, 'tags'> {
  const names = [...message.headers.keys()].filter((name) => name.startsWith(METADATA_PREFIX));
  return {
    contentType: contentHeader(message, 'content-type') ?? STANDARD_CONTENT_TYPE,
    headers: CONTENT_HEADERS.flatMap((name) => {
      const value = contentHeader(message, name);
      return value === undefined ? [] : [[name, value] as const];
    }),
    metadata: names.map((name) => [name.slice(METADATA_PREFIX.length), headerValue(message, name) ?? ''] as const),
  };
}

/** Throws InvalidArgument, MetadataTooLarge for what the connector would refuse for good. */
export function checkDescription({ contentType, headers, metadata }: Omit<StoredDescription, 'tags'>): void {
  checkValue('content-type', contentType ?? '');
  for (const [name, value] of headers) checkValue(name, value);
  for (const [name, value] of metadata) checkValue(METADATA_PREFIX + name, value);
  const bytes = metadata.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const prefixedBytes = bytes + metadata.length * METADATA_PREFIX.length;
  if (bytes <= MAX_METADATA_BYTES && prefixedBytes <= MAX_PREFIXED_BYTES) return;
  throw new S3Error('MetadataTooLarge', { elements: { Size: bytes, MaxSizeAllowed: MAX_METADATA_BYTES } });
}

/** Throws NotImplemented, InvalidStorageClass. */
export function refuseHeaders(request: S3Request): void {
  const refused = [...request.headers.keys()].find((name) => NOT_IMPLEMENTED.test(name));
  if (refused !== undefined) throw new S3Error('NotImplemented', { elements: { Header: refused } });
  const acl = headerValue(request, 'x-amz-acl');
  if (acl !== undefined && !KEPT_ACLS.has(acl))
    throw new S3Error('NotImplemented', { elements: { Header: 'x-amz-acl' } });
  const storageClass = headerValue(request, 'x-amz-storage-class') ?? 'STANDARD';
  if (storageClass !== 'STANDARD') {
    throw new S3Error('InvalidStorageClass', { elements: { StorageClassRequested: storageClass } });
  }
}

function contentHeader(message: Pick<S3Request, 'headers'>, name: string): string | undefined {
  const value = headerValue(message, name)?.trim();
  if (name !== 'content-encoding') return value || undefined;
  // The encoding of this transfer is not the object's.
  const encodings = (value ?? '').split(',').map((encoding) => encoding.trim());
  return encodings.filter((encoding) => encoding !== 'aws-chunked' && encoding !== '').join(',') || undefined;
}

/** Other characters have no form in a header that every endpoint would read, and sign, alike. */
function checkValue(name: string, value: string): void {
  if (SENDABLE.test(value)) return;
  throw invalidArgument('Header values must be US-ASCII; other text is encoded as RFC 2047 has it.', name, value);
}
