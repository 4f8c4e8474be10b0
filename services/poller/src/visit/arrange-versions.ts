import type { ListedVersion, VersionPage } from '@mirror/connector';
import { compareKeys } from '@mirror/namespace';

/**
 * Whether a page lists its delete markers before all of its versions, each kind in order by itself: so versitygw does. What
 * is between a key's markers and its versions is then not to be seen from the order.
 */
export function isListedApart({ versions, orderKept }: VersionPage): boolean {
  if (versions[0]?.kind !== 'deleteMarker') return false;
  const first = versions.findIndex(({ kind }) => kind === 'version');
  if (first < 0 || versions.slice(first).some(({ kind }) => kind === 'deleteMarker')) return false;
  // A page of one key, or of few, may keep the order all the same.
  return orderKept
    ? isMisplaced(versions, first)
    : isInOrder(versions.slice(0, first)) && isInOrder(versions.slice(first));
}

/** A key's version is its latest, though a marker of it was listed before. */
function isMisplaced(versions: readonly ListedVersion[], first: number): boolean {
  return versions.slice(0, first).at(-1)?.key === versions[first]?.key && versions[first]?.isLatest === true;
}

const isInOrder = (versions: readonly ListedVersion[]): boolean =>
  versions.every(({ key }, index) => index === 0 || compareKeys(versions[index - 1]?.key ?? '', key) <= 0);

/**
 * Versions by key, and inside a key newest first. Where markers and versions were listed apart, the two are merged: the
 * latest first, then by time; what shares its second, by id, if the other ids show how these go with time; `null` last.
 */
export function arrangeVersions(listed: readonly ListedVersion[], isApart: boolean): readonly ListedVersion[] {
  if (!isApart) return listed;
  const sorted = listed.toSorted((a, b) => compareKeys(a.key, b.key));
  const doIdsGrow = growthOf(sorted);
  const arranged: ListedVersion[] = [];
  for (let start = 0; start < sorted.length; ) {
    const key = sorted[start]?.key;
    let end = start + 1;
    while (end < sorted.length && sorted[end]?.key === key) end += 1;
    arranged.push(...mergeKinds(sorted.slice(start, end), doIdsGrow));
    start = end;
  }
  return arranged;
}

/** Versions of one key are listed newest first: are their ids the largest first? Assumed where none can be compared. */
function growthOf(sorted: readonly ListedVersion[]): boolean {
  const versions = sorted.filter(({ kind, versionId }) => kind === 'version' && versionId !== 'null');
  const older = versions.findIndex(({ key }, index) => versions[index - 1]?.key === key);
  return older < 0 || (versions[older - 1]?.versionId ?? '') > (versions[older]?.versionId ?? '');
}

/** Each kind keeps its own order. */
function mergeKinds(ofOneKey: readonly ListedVersion[], doIdsGrow: boolean): readonly ListedVersion[] {
  const markers = ofOneKey.filter(({ kind }) => kind === 'deleteMarker');
  const versions = ofOneKey.filter(({ kind }) => kind === 'version');
  const merged: ListedVersion[] = [];
  for (let marker = markers.shift(), version = versions.shift(); marker || version; ) {
    if (marker && (!version || isNewer(marker, version, doIdsGrow))) {
      merged.push(marker);
      marker = markers.shift();
    } else if (version) {
      merged.push(version);
      version = versions.shift();
    }
  }
  return merged;
}

function isNewer(a: ListedVersion, b: ListedVersion, doIdsGrow: boolean): boolean {
  if (a.isLatest !== b.isLatest) return a.isLatest;
  const [secondA, secondB] = [a.lastModified.slice(0, 19), b.lastModified.slice(0, 19)];
  if (secondA !== secondB) return secondA > secondB;
  if (a.versionId === 'null' || b.versionId === 'null') return b.versionId === 'null';
  return a.versionId > b.versionId === doIdsGrow;
}
