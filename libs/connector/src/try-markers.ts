import type { S3Client } from '@aws-sdk/client-s3';
import { compareKeyBytes } from './key-order.js';
import { keyOfMarker } from './list-versions.js';
import { listVersionsPage, type VersionPageRequest } from './list-versions-page.js';
import { badListing } from './parse-version-page.js';
import type { ListedVersion, VersionPage } from './version-page.js';

/**
 * Whether a listing can be walked by its markers: a short page, and what follows it, must be what the long page shows.
 * What comes twice is harmless, since versions are recognised; what is left out makes the location unusable. Objects
 * change meanwhile, so a difference counts only when it is there three times. Answers what was seen.
 */
export async function tryMarkers(client: S3Client, bucket: string, signal: AbortSignal): Promise<string> {
  const list = async (request: VersionPageRequest) => (await listVersionsPage(client, bucket, request, signal)).parse();
  for (let attempt = 1; ; attempt += 1) {
    const quirksOrFault = await compareWalks(list);
    if (Array.isArray(quirksOrFault)) return describeQuirks(quirksOrFault);
    if (attempt === attempts) throw badListing(quirksOrFault);
  }
}

const attempts = 3;
const wholeKeys = 20;
const pageKeys = 5;

type List = (request: VersionPageRequest) => Promise<VersionPage>;

/** The quirks that do no harm, or in one sentence what is lost. */
async function compareWalks(list: List): Promise<string[] | string> {
  const sample = await list({ maxKeys: wholeKeys });
  const isApart = listsMarkersFirst(sample);
  const versions = isApart ? sample.versions.toSorted((a, b) => compareKeyBytes(a.key, b.key)) : sample.versions;
  const length = Math.min(pageKeys, Math.floor(versions.length / 2));
  if (length === 0) return ['there are too few versions to try markers'];
  const page = await list({ maxKeys: length });
  const missing = page.isTruncated ? undefined : firstMissing(versions, page.versions);
  if (missing) return `a short page says that nothing follows, and "${missing.key}" does`;
  if (!page.isTruncated) return ['pages are longer than asked for'];
  const byBoth = await goOnByBoth(list, firstOnes(versions, length + 1, isApart), page);
  if (typeof byBoth === 'string') return byBoth;
  const byKey = await goOnByKey(list, versions.slice(length), keyOfMarker(page.nextKeyMarker ?? ''));
  if (typeof byKey === 'string') return byKey;
  return [...describeOrder(sample, isApart), ...byBoth, ...byKey];
}

/** Delete markers come before all versions: what is between a key's markers and its versions is then not to be seen. */
function listsMarkersFirst({ versions, orderKept }: VersionPage): boolean {
  const first = versions.findIndex(({ kind }) => kind === 'version');
  const isSplit = first > 0 && versions.findLastIndex(({ kind }) => kind === 'deleteMarker') < first;
  const isMisplaced = versions[first]?.isLatest === true && versions[first - 1]?.key === versions[first]?.key;
  return isSplit && (!orderKept || isMisplaced);
}

/** The first entries of a listing; of one with markers apart, those of them whose whole key is among the first. */
function firstOnes(versions: readonly ListedVersion[], count: number, isApart: boolean): readonly ListedVersion[] {
  const first = versions.slice(0, count);
  return isApart ? first.filter(({ key }) => key !== versions[count]?.key) : first;
}

function describeOrder({ orderKept }: VersionPage, isApart: boolean): string[] {
  if (isApart) return ['delete markers are listed before all versions of their page'];
  return orderKept ? [] : ['keys are not in the order of their bytes'];
}

async function goOnByBoth(
  list: List,
  expected: readonly ListedVersion[],
  page: VersionPage,
): Promise<string[] | string> {
  const { nextKeyMarker: keyMarker, nextVersionIdMarker: versionIdMarker } = page;
  const { versions } = await list({ keyMarker, versionIdMarker, maxKeys: pageKeys });
  const missing = firstMissing(expected, [...page.versions, ...versions]);
  // Whoever goes on by a key alone loses nothing by that.
  if (missing && versionIdMarker === 'null') return ['a listing ends after the marker of a null version'];
  if (missing) return `after the markers of a page, "${missing.key}" is left out`;
  return versions.some((version) => has(page.versions, version)) ? ['a version is repeated after a page'] : [];
}

async function goOnByKey(list: List, rest: readonly ListedVersion[], keyMarker: string): Promise<string[] | string> {
  const { versions, isTruncated } = await list({ keyMarker, maxKeys: pageKeys });
  const next = rest.find(({ key }) => key !== keyMarker);
  const repeated = versions.filter(({ key }) => key === keyMarker);
  // A page full of the marker's own key says nothing about what follows it.
  const saysNothing = isTruncated && repeated.length === versions.length;
  if (next && !saysNothing && !versions.some(({ key }) => key === next.key))
    return `after the key "${keyMarker}" alone, "${next.key}" is left out`;
  return repeated.length > 0 ? ['a key is repeated after itself as marker'] : [];
}

function firstMissing(expected: readonly ListedVersion[], listed: readonly ListedVersion[]): ListedVersion | undefined {
  return expected.find((version) => !has(listed, version));
}

function has(versions: readonly ListedVersion[], { key, versionId }: ListedVersion): boolean {
  return versions.some((version) => version.key === key && version.versionId === versionId);
}

function describeQuirks(quirks: readonly string[]): string {
  if (quirks.length === 0) return 'Markers and order are as S3 has them.';
  return `Usable, though ${quirks.join(', and ')}.`;
}
