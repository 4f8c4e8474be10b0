import type { ListedEntry, ListedPage, PageQuery } from './list-page.js';
import { largestPage } from './list-page.js';
import type { Quirk } from './personalities.js';
import { escapeXml, namespace, xmlDocument } from './s3-exchange.js';
import { decodedVersionId } from './version-ids.js';
import type { StoredVersion } from './versioned-bucket.js';

export interface ListingRequest extends PageQuery {
  readonly bucket: string;
  readonly encodingType: string;
}

/** The document of one page. */
export function listingXml(page: ListedPage, request: ListingRequest, quirks: ReadonlySet<Quirk>): string {
  const { bucket, encodingType, keyMarker, versionIdMarker, prefix, maxKeys } = request;
  const isEncoded = encodingType === 'url' && !quirks.has('encodingTypeIgnored');
  const text = isEncoded ? encodeURIComponent : (raw: string) => escapeXml(withoutControls(raw));
  const echoedMarker = quirks.has('versionMarkerEchoedDecoded') ? decodedVersionId(versionIdMarker) : versionIdMarker;
  const echoedMaxKeys = quirks.has('maxKeysEchoed') ? maxKeys : Math.min(maxKeys, largestPage);
  const head = [
    element('Name', bucket),
    element('Prefix', text(prefix)),
    element('KeyMarker', text(keyMarker)),
    element('VersionIdMarker', escapeXml(echoedMarker)),
    element('NextKeyMarker', page.next ? text(nextKeyMarker(page.next.key, quirks)) : ''),
    element('NextVersionIdMarker', page.next?.versionId ?? ''),
    element('MaxKeys', String(echoedMaxKeys)),
    element('EncodingType', isEncoded ? encodingType : ''),
    element('IsTruncated', String(page.isTruncated)),
  ];
  const entries = page.entries.map((entry) => entryXml(entry, text, quirks));
  return xmlDocument(`<ListVersionsResult ${namespace}>${head.join('')}${entries.join('')}</ListVersionsResult>`);
}

const cacheSuffix = '[minio_cache:v2,return:]';

const nextKeyMarker = (key: string, quirks: ReadonlySet<Quirk>): string =>
  quirks.has('opaqueKeyMarker') ? `${key}${cacheSuffix}` : key;

/** Made by an endpoint of opaque markers, and not by who asks. */
export const isOwnMarker = (marker: string): boolean => marker.endsWith(cacheSuffix);

/** A marker as it came in, without what this endpoint put behind it. */
export const keyOf = (marker: string): string => (isOwnMarker(marker) ? marker.slice(0, -cacheSuffix.length) : marker);

/** Empty elements are left out. */
const element = (name: string, text: string): string => (text === '' ? '' : `<${name}>${text}</${name}>`);

function entryXml(
  { version, isLatest }: ListedEntry,
  text: (raw: string) => string,
  quirks: ReadonlySet<Quirk>,
): string {
  const isMarker = version.kind === 'deleteMarker';
  const hasContent = !isMarker || quirks.has('deleteMarkerHasContent');
  const content = hasContent
    ? `<ETag>&quot;${version.etag}&quot;</ETag><Size>${version.body.length}</Size><StorageClass>STANDARD</StorageClass>`
    : '';
  const name = isMarker ? 'DeleteMarker' : 'Version';
  const facts = [
    `<Key>${text(version.key)}</Key><VersionId>${version.versionId}</VersionId><IsLatest>${isLatest}</IsLatest>`,
    `<LastModified>${timeOf(version, quirks)}</LastModified>`,
  ];
  return `<${name}>${facts.join('')}${content}</${name}>`;
}

function timeOf({ lastModified, kind }: StoredVersion, quirks: ReadonlySet<Quirk>): string {
  const text = lastModified.toISOString();
  return quirks.has('wholeSeconds') && kind === 'version' ? `${text.slice(0, 19)}Z` : text;
}

/** XML has no form for these. */
function withoutControls(text: string): string {
  return text.replace(/[^\t\n\r -\u{10FFFF}]|[\uFFFE\uFFFF]/gu, '\uFFFD');
}
