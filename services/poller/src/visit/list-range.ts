import { createHash, type Hash } from 'node:crypto';
import { keyOfMarker, type ListedVersion, type RawVersionPage, type VersionPage } from '@mirror/connector';
import { compareKeys, hasAmbiguousOrder, type Segment } from '@mirror/namespace';
import { TransientError } from '@mirror/runtime';
import type { PageRequest } from '../connector/page-request.js';
import type { EndpointMarkers } from '../polled-target.js';
import { isListedApart } from './arrange-versions.js';
import { afterPrefix, countsOthers, inFolder, markersInFolder, showsPlainMarkers } from './ask-in-folders.js';
import { RangeVersions } from './range-versions.js';

/** Most versions that one request answers, by S3. */
export const PAGE_SIZE = 1_000;

const SMALLEST_CHARACTER = '\u0001';

/** Lists one page at the connector, inside the budget. */
export type ListPage = (request: PageRequest) => Promise<RawVersionPage>;

export interface Range {
  /** Keys after this one; empty: from the first. */
  readonly after: string;
  /** Up to and with this one; null: to the last. */
  readonly end: string | null;
  readonly pageSize: number;
  /** How many versions it is expected to hold; null: nobody has listed it to its end. */
  readonly expected: number | null;
  /** A key of more versions than the first page shows is left to a walk. */
  readonly walksKeys?: boolean;
  /** Hash of a listing that showed no difference. */
  readonly confirmedHash: string | null;
  /**
   * The endpoint leaves keys beyond U+FFFF, beside keys in U+E000 to U+FFFF, out of listings without a prefix: what is
   * after such a key's folder is then listed by prefix, too. Not at the top of the bucket, which has no prefix.
   */
  readonly hidesAstral?: boolean;
  /** What the endpoint's markers are, `keys` if not given: where they are more, or may be, it is asked folder by folder. */
  readonly markers?: EndpointMarkers;
  /** The endpoint orders by UTF-16 units: keys whose place depends on that stay in one range, however many they are. */
  readonly ordersByUnits?: boolean;
}

/** Where inside a key of many versions a listing goes on, and how many of it were listed before. */
export type KeyWalk = NonNullable<Segment['walk']>;

export type RangeListing =
  /** The range begins with a key of more versions than a page: these are its first. */
  | { readonly kind: 'insideKey'; readonly versions: readonly ListedVersion[]; readonly walk: KeyWalk }
  /** The listing is the very one that was confirmed. */
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'listed';
      /** By key, inside a key newest first, each (key, version id) once. */
      readonly versions: readonly ListedVersion[];
      /** The listing is complete up to and with this key; null: to the last key. Smaller than the range's end: cut there. */
      readonly end: string | null;
      readonly hash: string;
    };

/**
 * Lists a range with the proof of its end (rule R3): a page that goes beyond it, or the end of the list. Where there is more
 * than a segment should hold, the listing stops between two keys, and the rest is a segment of its own.
 */
export async function listRange(listPage: ListPage, range: Range): Promise<RangeListing> {
  const hash = createHash('sha256');
  const collected = new RangeVersions(range);
  let { markers = 'keys' } = range;
  let request = requestAfter(range.after, range.pageSize, markers);
  for (;;) {
    const raw = await listPage(request);
    // A range of one page, the usual one, is not even parsed.
    if (range.confirmedHash !== null && hashOf(raw.hash) === range.confirmedHash) return { kind: 'unchanged' };
    hash.update(raw.hash);
    const page = raw.parse();
    if (markers === 'unknown' && countsOthers(request)) {
      markers = showsPlainMarkers(page) ? 'keys' : 'opaque';
      if (markers === 'opaque') {
        request = inFolder(request.keyMarker ?? '', request.maxKeys);
        continue;
      }
    }
    const added = collected.add(page);
    const walk = range.walksKeys ? walkFrom(request, page, collected) : null;
    if (walk) return { kind: 'insideKey', versions: collected.upTo(null), walk };
    const end = endAfter(request, page, collected, range.end);
    if (end !== undefined) {
      if (range.hidesAstral) await addHidden(listPage, collected, end, hash);
      return listingOf(collected.upTo(end), end, hash.digest('hex'), range);
    }
    request =
      added === 0 && page.isTruncated ? beyondKey(request, page) : nextRequest(request, page, collected, markers);
  }
}

const requestAfter = (key: string, maxKeys: number, markers: EndpointMarkers): PageRequest =>
  markers === 'opaque' ? inFolder(key, maxKeys) : { keyMarker: key || undefined, maxKeys };

/** The hash of a listing of one page; the hash of a listing is of its pages' hashes. */
const hashOf = (pageHash: string): string => createHash('sha256').update(pageHash).digest('hex');

/**
 * Where the range ends by what this page shows; undefined: list on. The end of the list is not believed of a page that was
 * asked for by a version id: where that version was deleted meanwhile, or is `null`, some endpoints leave out all that follows.
 */
function endAfter(
  { prefix, versionIdMarker }: PageRequest,
  page: VersionPage,
  collected: RangeVersions,
  end: string | null,
): string | null | undefined {
  if (page.isTruncated) return collected.endBefore(page);
  if (versionIdMarker !== undefined) return undefined;
  // The end of a folder is that of the range only if the range ends in it.
  return prefix === undefined || end?.startsWith(prefix) ? end : collected.endBefore(page);
}

function listingOf(versions: readonly ListedVersion[], end: string | null, hash: string, range: Range): RangeListing {
  if (hash === range.confirmedHash && end === range.end) return { kind: 'unchanged' };
  return { kind: 'listed', versions, end, hash };
}

/**
 * By a key alone wherever the page holds a whole one: then the last key comes again as a whole, and no version that
 * is deleted between two pages, no `null`, no wrong next marker matters. By the page's own markers only inside a key of
 * more versions than a page.
 */
function nextRequest(
  request: PageRequest,
  page: VersionPage,
  collected: RangeVersions,
  markers: EndpointMarkers,
): PageRequest {
  const { maxKeys, prefix, versionIdMarker } = request;
  if (!page.isTruncated) {
    const { lastKey } = collected;
    const isFolderDone = prefix !== undefined && versionIdMarker === undefined;
    return isFolderDone ? afterPrefix(prefix, lastKey, maxKeys) : requestAfter(lastKey ?? '', maxKeys, markers);
  }
  const whole = collected.lastWholeKey(page);
  if (whole !== undefined && compareKeys(whole, keyOfMarker(request.keyMarker ?? prefix ?? '')) > 0) {
    collected.forgetAfter(whole);
    return requestAfter(whole, maxKeys, markers);
  }
  const next = byMarkers(request, page);
  return markers === 'opaque' ? markersInFolder(next) : next;
}

/** Null: the first page does not show that the range begins with more of one key. */
function walkFrom(request: PageRequest, page: VersionPage, collected: RangeVersions): KeyWalk | null {
  const key = collected.onlyKey;
  const { isTruncated, orderKept, versions } = page;
  const isInside = isTruncated && orderKept && !isListedApart(page) && versions.at(-1)?.key === key;
  if (key === undefined || !isInside || hasAmbiguousOrder(key)) return null;
  const { keyMarker, versionIdMarker } = byMarkers(request, page);
  if (!keyMarker || !versionIdMarker) return null;
  return { key, keyMarker, versionIdMarker, listed: collected.size };
}

export function byMarkers(request: PageRequest, page: VersionPage): PageRequest {
  const { nextKeyMarker, nextVersionIdMarker } = page;
  const stuck = nextKeyMarker === request.keyMarker && nextVersionIdMarker === request.versionIdMarker;
  if (nextKeyMarker === undefined || stuck) throw leadsNowhere(page);
  return { ...request, keyMarker: nextKeyMarker, versionIdMarker: nextVersionIdMarker };
}

/** Keys that only a listing by prefix shows; they are part of what the hash confirms. */
async function addHidden(listPage: ListPage, collected: RangeVersions, end: string | null, hash: Hash): Promise<void> {
  for (const { prefix, after } of collected.hidingPlaces(end)) {
    let request: PageRequest | undefined = { prefix, keyMarker: after, maxKeys: PAGE_SIZE };
    while (request !== undefined) {
      const raw: RawVersionPage = await listPage(request);
      hash.update(raw.hash);
      const page = raw.parse();
      collected.add(page);
      request = page.isTruncated && !isBeyond(page, end) ? byMarkers(request, page) : undefined;
    }
  }
}

/** In every order that endpoints list in. */
const isBeyond = ({ versions }: VersionPage, end: string | null): boolean =>
  end !== null && versions.some(({ key }) => compareKeys(key, end) > 0 && key > end);

/** Past a key that an endpoint lists again after itself, and that fills a page. Any other page without news is a circle. */
function beyondKey({ keyMarker, versionIdMarker, maxKeys, prefix }: PageRequest, page: VersionPage): PageRequest {
  const isItself = versionIdMarker === undefined && page.versions.every(({ key }) => key === keyMarker);
  if (!isItself || page.versions.length === 0) throw leadsNowhere(page);
  return { keyMarker: `${keyMarker}${SMALLEST_CHARACTER}`, maxKeys, prefix };
}

function leadsNowhere({ nextKeyMarker, nextVersionIdMarker }: VersionPage): TransientError {
  return new TransientError('The listing is truncated, and its next marker leads nowhere', {
    code: 'S3.BAD_LISTING',
    hint: 'The endpoint pages wrongly; the range is listed again later, and nothing is removed because of it.',
    context: { nextKeyMarker, nextVersionIdMarker },
  });
}
