import { PermanentError } from '@mirror/runtime';
import { compareKeyBytes } from './key-order.js';
import { isOpaqueMarker } from './list-versions.js';
import type { VersionPageRequest } from './list-versions-page.js';
import type { ListedVersion, VersionPage } from './version-page.js';

/** Ways in which a version listing may differ from S3's, as far as one learns them without writing anything. */
export type EndpointQuirk =
  | 'fullPageSaysTruncated'
  | 'latestRepeatedAfterPage'
  | 'keyMarkerReemitted'
  | 'opaqueKeyMarker'
  | 'nullVersionMarkerEndsListing'
  | 'deletedVersionMarkerEndsListing'
  | 'deleteMarkersListedApart'
  | 'utf16Order'
  | 'astralKeysDoubled'
  | 'astralKeysMissing'
  | 'wholeSeconds';

export type List = (request: VersionPageRequest) => Promise<VersionPage>;

/** Of the bucket's first page. Undefined: it can't be told from what is there. */
export type Probe = (sample: VersionPage, list: List) => Promise<boolean | undefined> | boolean | undefined;

export const probes: Readonly<Record<EndpointQuirk, Probe>> = {
  fullPageSaysTruncated: saysTruncatedWhenFull,
  latestRepeatedAfterPage: repeatsLatest,
  keyMarkerReemitted: reemitsKey,
  opaqueKeyMarker: hasOpaqueMarkers,
  nullVersionMarkerEndsListing: endsAfterNull,
  deletedVersionMarkerEndsListing: endsAfterUnknown,
  deleteMarkersListedApart: listsMarkersApart,
  utf16Order: ordersByUnits,
  astralKeysDoubled: ({ versions }) => (canDisagree(versions) ? hasTwice(versions) : undefined),
  astralKeysMissing: hidesAstral,
  wholeSeconds: hasWholeSeconds,
};

async function saysTruncatedWhenFull({ versions, isTruncated }: VersionPage, list: List): Promise<boolean | undefined> {
  if (isTruncated || versions.length === 0) return undefined;
  const page = await list({ maxKeys: versions.length });
  if (!page.isTruncated) return false;
  const { nextKeyMarker: keyMarker, nextVersionIdMarker: versionIdMarker } = page;
  const next = await list({ keyMarker, versionIdMarker, maxKeys: 5 });
  // Not if something was put meanwhile.
  return next.versions.every((version) => has(page.versions, version)) ? true : undefined;
}

const shortPages = [2, 3, 4, 5, 6];

async function repeatsLatest(_: VersionPage, list: List): Promise<boolean | undefined> {
  for (const maxKeys of shortPages) {
    const page = await list({ maxKeys });
    const { nextKeyMarker: keyMarker, nextVersionIdMarker: versionIdMarker } = page;
    const last = page.versions.find(({ versionId, isLatest }) => isLatest && versionId === versionIdMarker);
    if (!page.isTruncated || !last) continue;
    return has((await list({ keyMarker, versionIdMarker, maxKeys })).versions, last);
  }
  return undefined;
}

async function reemitsKey({ versions }: VersionPage, list: List): Promise<boolean | undefined> {
  const [first, second] = distinct(versions).toSorted(compareKeyBytes);
  if (first === undefined || second === undefined) return undefined;
  const keys = distinct((await list({ keyMarker: first, maxKeys: 5 })).versions);
  if (keys.includes(first)) return true;
  return keys.includes(second) ? false : undefined;
}

async function hasOpaqueMarkers(_: VersionPage, list: List): Promise<boolean | undefined> {
  const { nextKeyMarker } = await list({ maxKeys: 1 });
  return nextKeyMarker === undefined ? undefined : isOpaqueMarker(nextKeyMarker);
}

/** By a null version that a version with an id follows. */
async function endsAfterNull({ versions }: VersionPage, list: List): Promise<boolean | undefined> {
  for (const { key: keyMarker, versionId } of versions) {
    const next = versionId === 'null' ? followerOf(versions, keyMarker) : undefined;
    if (next) return leavesOut(next, await list({ keyMarker, versionIdMarker: 'null', maxKeys: 1000 }));
  }
  return undefined;
}

/** By an id that the marker's key does not have, as if it had been deleted: that of another key. */
async function endsAfterUnknown({ versions }: VersionPage, list: List): Promise<boolean | undefined> {
  const [keyMarker, ...others] = distinct(versions).toSorted(compareKeyBytes);
  const foreign = versions.find(({ key, versionId }) => others.includes(key) && versionId !== 'null');
  const next = keyMarker === undefined ? undefined : followerOf(versions, keyMarker);
  if (!foreign || !next) return undefined;
  try {
    return leavesOut(next, await list({ keyMarker, versionIdMarker: foreign.versionId, maxKeys: 1000 }));
  } catch (error) {
    if (error instanceof PermanentError) return undefined; // it refuses an id that is not the key's
    throw error;
  }
}

/** A version with an id, of the key after this one. */
function followerOf(versions: readonly ListedVersion[], marker: string): ListedVersion | undefined {
  const after = versions.filter(({ key, versionId }) => versionId !== 'null' && compareKeyBytes(key, marker) > 0);
  return after.toSorted((a, b) => compareKeyBytes(a.key, b.key))[0];
}

function leavesOut(expected: ListedVersion, page: VersionPage): boolean | undefined {
  if (has(page.versions, expected)) return false;
  return page.isTruncated ? undefined : true;
}

/** Markers before all versions, which is no wonder where no key with a marker comes after a key with a version. */
function listsMarkersApart({ versions, orderKept }: VersionPage): boolean | undefined {
  const firstVersion = versions.findIndex(({ kind }) => kind === 'version');
  const lastMarker = versions.findLastIndex(({ kind }) => kind === 'deleteMarker');
  if (firstVersion < 0 || lastMarker < 0) return undefined;
  if (lastMarker > firstVersion) return false;
  const keys = distinct(versions.slice(firstVersion));
  return orderKept || !isSame(keys, keys.toSorted(compareKeyBytes)) ? undefined : true;
}

function ordersByUnits({ versions }: VersionPage): boolean | undefined {
  if (!canDisagree(versions)) return undefined;
  const keys = distinct(versions.filter(({ kind }) => kind === 'version'));
  return !hasTwice(versions) && isSame(keys, keys.toSorted()) && !isSame(keys, keys.toSorted(compareKeyBytes));
}

/** Whether there are keys that the two orders, by UTF-8 bytes and by UTF-16 units, order differently. */
function canDisagree(versions: readonly ListedVersion[]): boolean {
  const keys = distinct(versions.filter(({ kind }) => kind === 'version'));
  return !isSame(keys.toSorted(), keys.toSorted(compareKeyBytes));
}

const mostFolders = 3;

/** Below a folder that has keys in U+E000 to U+FFFF, a listing by prefix shows what the sample should have shown. */
async function hidesAstral({ versions, isTruncated }: VersionPage, list: List): Promise<boolean | undefined> {
  const end = isTruncated ? versions.at(-1)?.key : undefined;
  for (const prefix of foldersOfHighKeys(versions)) {
    const page = await list({ prefix, keyMarker: `${prefix}${lastBeforeSurrogates}`, maxKeys: 1000 });
    const beyond = page.versions.filter(({ key }) => /[\u{10000}-\u{10FFFF}]/u.test(key.slice(prefix.length)));
    const expected = beyond.filter(({ key }) => end === undefined || compareKeyBytes(key, end) < 0);
    if (expected.length > 0) return expected.some((version) => !has(versions, version));
  }
  return undefined;
}

const lastBeforeSurrogates = '\uD7FF';

function foldersOfHighKeys(versions: readonly ListedVersion[]): string[] {
  const folders = distinct(versions).map((key) => key.slice(0, Math.max(0, key.search(/[\uE000-\uFFFF]/))));
  return [...new Set(folders)].filter((folder) => folder !== '').slice(0, mostFolders);
}

const fewTimes = 3;

function hasWholeSeconds({ versions }: VersionPage): boolean | undefined {
  const times = versions.filter(({ kind }) => kind === 'version').map(({ lastModified }) => lastModified);
  if (times.some((time) => !/:[0-9]{2}(?:\.0+)?Z$/.test(time))) return false;
  return times.length < fewTimes ? undefined : true;
}

const distinct = (versions: readonly ListedVersion[]): string[] => [...new Set(versions.map(({ key }) => key))];

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.every((key, index) => key === b[index]);

const identityOf = ({ key, versionId }: ListedVersion): string => `${versionId}/${key}`;

const hasTwice = (versions: readonly ListedVersion[]): boolean =>
  new Set(versions.map(identityOf)).size < versions.length;

const has = (versions: readonly ListedVersion[], version: ListedVersion): boolean =>
  versions.some((other) => identityOf(other) === identityOf(version));
