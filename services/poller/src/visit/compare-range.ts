import type { ListedVersion } from '@mirror/connector';
import { compareKeys, type MirroredVersion } from '@mirror/namespace';
import { type HiddenPlaces, placeVersions } from './place-versions.js';

/** Something that the listing says and the mirror does not, or says otherwise. */
export interface Difference {
  readonly listed: ListedVersion;
  readonly place: number;
  readonly isLatest: boolean;
  /** What the mirror believed; null: nothing. */
  readonly mirrored: MirroredVersion | null;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** In the mirror, not in the listing. Not removed yet: rule R6 decides. */
  readonly missing: readonly MirroredVersion[];
}

/**
 * Joins a complete listing of a range with the mirror's live documents of it (rule R5). `listed` is in key order, inside a
 * key newest first, without duplicates; `mirrored` is in key order.
 */
export function compareRange(listed: readonly ListedVersion[], mirrored: readonly MirroredVersion[]): Comparison {
  const differences: Difference[] = [];
  const missing: MirroredVersion[] = [];
  let left = 0;
  let right = 0;
  while (left < listed.length || right < mirrored.length) {
    const key = smallerKey(listed[left]?.key, mirrored[right]?._id.k);
    const leftEnd = endOfRun(listed, left, (version) => version.key === key);
    const rightEnd = endOfRun(mirrored, right, (version) => version._id.k === key);
    compareKey(listed.slice(left, leftEnd), mirrored.slice(right, rightEnd), differences, missing);
    left = leftEnd;
    right = rightEnd;
  }
  return { differences, missing };
}

function smallerKey(a: string | undefined, b: string | undefined): string {
  if (a === undefined) return b ?? '';
  if (b === undefined) return a;
  return compareKeys(a, b) <= 0 ? a : b;
}

function endOfRun<T>(items: readonly T[], start: number, belongs: (item: T) => boolean): number {
  let end = start;
  for (let item = items[end]; item !== undefined && belongs(item); item = items[end]) end += 1;
  return end;
}

function compareKey(
  listed: readonly ListedVersion[],
  mirrored: readonly MirroredVersion[],
  differences: Difference[],
  missing: MirroredVersion[],
): void {
  const known = new Map(mirrored.map((version) => [version._id.v, version]));
  const matched = listed.map((version) => known.get(version.versionId) ?? null);
  for (const version of listed) known.delete(version.versionId);
  missing.push(...known.values());
  const places = placeVersions(
    matched.map((version) => version?.place ?? null),
    placesOf([...known.values()]),
  );
  listed.forEach((version, index) => {
    const before = matched[index] ?? null;
    const place = places[index] ?? index;
    if (before && before.place === place && isSame(version, before)) return;
    differences.push({ listed: version, place, isLatest: index === 0, mirrored: before });
  });
}

function placesOf(hidden: readonly MirroredVersion[]): HiddenPlaces | null {
  if (hidden.length === 0) return null;
  let smallest = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (const { place } of hidden) {
    smallest = Math.min(smallest, place);
    largest = Math.max(largest, place);
  }
  return { smallest, largest };
}

/** Every field that a listing tells but the place. Times are compared to the millisecond. */
function isSame(listed: ListedVersion, mirrored: MirroredVersion): boolean {
  return (
    listed.kind === mirrored.kind &&
    listed.size === mirrored.size &&
    listed.etag === mirrored.etag &&
    listed.storageClass === mirrored.storageClass &&
    Date.parse(listed.lastModified) === mirrored.lastModified.getTime()
  );
}
