import type { ListedVersion, VersionPage } from '@mirror/connector';
import { compareKeys, hasAmbiguousOrder } from '@mirror/namespace';
import type { EndpointMarkers } from '../polled-target.js';
import { arrangeVersions, isListedApart } from './arrange-versions.js';
import { highestBetween } from './ask-in-folders.js';
import { type HidingPlace, hidingPlacesOf } from './hiding-places.js';

/** Where a range is cut that holds more than a page: leaves room for growth below a page (rule R4). */
export const TARGET_VERSIONS = 990;
/** A range known to hold up to so much has just outgrown a page. */
const OUTGROWN_VERSIONS = 1.5 * TARGET_VERSIONS;

/**
 * Whether a range that is too large is cut in its middle, because it has just outgrown a page, and not as full as may be. Not
 * at the end of all keys, where they may keep coming. `expected` versions; null: nobody knows.
 */
export const isOutgrown = (end: string | null, expected: number | null): boolean =>
  end !== null && expected !== null && expected <= OUTGROWN_VERSIONS;

/** What the pages of one visit have shown of a range so far, each version once. */
export class RangeVersions {
  private versions: ListedVersion[] = [];
  private readonly seen = new Set<string>();
  private orderKept = true;
  /** Delete markers came before all versions of their page: their place among these is not in the listed order. */
  private isApart = false;

  constructor(
    private readonly range: {
      readonly after: string;
      readonly end: string | null;
      /** How many versions it is expected to hold; null: nobody knows. */
      readonly expected: number | null;
      readonly ordersByUnits?: boolean;
      readonly markers?: EndpointMarkers;
    },
  ) {}

  /** How many of the page's versions are of the range and were on no page before. */
  add(page: VersionPage): number {
    const before = this.versions.length;
    const isApart = isListedApart(page);
    if (isApart) this.isApart = true;
    const listed = isApart ? arrangeVersions(page.versions, true) : page.versions;
    for (const version of listed) this.addNew(version);
    return this.versions.length - before;
  }

  private addNew(version: ListedVersion): void {
    // Some endpoints list the marker's own key again.
    if (compareKeys(version.key, this.range.after) <= 0) return;
    // Some list a version twice: at a page's border, or beside keys beyond the Basic Multilingual Plane.
    const identity = identityOf(version);
    if (this.seen.has(identity)) return;
    this.seen.add(identity);
    const last = this.lastKey;
    if (last !== undefined && compareKeys(last, version.key) > 0) this.orderKept = false;
    this.versions.push(version);
  }

  get size(): number {
    return this.versions.length;
  }

  /** The key of all that was listed; undefined: there is none, or there are several. */
  get onlyKey(): string | undefined {
    const { lastKey } = this;
    return this.versions.every(({ key }) => key === lastKey) ? lastKey : undefined;
  }

  get lastKey(): string | undefined {
    return this.versions.at(-1)?.key;
  }

  /** The key before the page's last one: all of its versions are listed. Undefined where the order leaves that open. */
  lastWholeKey(page: VersionPage): string | undefined {
    const last = this.lastKey;
    if (last === undefined || !this.orderKept || !(page.orderKept || isListedApart(page))) return undefined;
    const whole = this.versions.findLast(({ key }) => key !== last)?.key;
    return whole === undefined || hasAmbiguousOrder(whole) ? undefined : whole;
  }

  /** What comes after a key will be listed again. */
  forgetAfter(whole: string): void {
    const first = this.versions.findLastIndex(({ key }) => key === whole) + 1;
    for (const version of this.versions.splice(first)) this.seen.delete(identityOf(version));
  }

  /** Where the range may end after a truncated page: its own end, a cut, or undefined: list on. */
  endBefore(page: VersionPage): string | undefined {
    const last = isListedApart(page) ? this.lastKey : page.versions.at(-1)?.key;
    if (last === undefined) return undefined;
    const { end } = this.range;
    if (end !== null && this.isAfter(last, end)) return end;
    return this.versions.length >= TARGET_VERSIONS ? this.cut(last) : undefined;
  }

  /** Where an order other than that of UTF-8 has been seen, only a key that is after the end by UTF-16 too proves it. */
  private isAfter(key: string, end: string): boolean {
    return compareKeys(key, end) > 0 && (this.orderKept || key > end);
  }

  /**
   * Where keys may be that listings without a prefix leave out: each place is listed by its prefix, from a key on. They come after
   * the keys that tell of them: either one of these is in the range, or the range begins among them.
   */
  hidingPlaces(end: string | null): readonly HidingPlace[] {
    const inside = this.versions.filter(({ key }) => end === null || compareKeys(key, end) <= 0);
    return hidingPlacesOf([this.range.after, ...inside.map(({ key }) => key)]);
  }

  /** By key, inside a key newest first. */
  upTo(end: string | null): readonly ListedVersion[] {
    const inside = end === null ? this.versions : this.versions.filter(({ key }) => compareKeys(key, end) <= 0);
    // A stable sort: versions of one key stay in listed order.
    const sorted = this.orderKept ? inside : inside.toSorted((a, b) => compareKeys(a.key, b.key));
    return arrangeVersions(sorted, this.isApart);
  }

  /**
   * A key whose versions are all listed, as near below the target as may be: the page's last key may have more. In the
   * middle where the range has just outgrown a page. Keys whose neighbours' order depends on the endpoint's idea of Unicode
   * are no boundaries, unless there is no other and the order was kept.
   */
  private cut(lastKey: string): string | undefined {
    const { end, expected } = this.range;
    const target = isOutgrown(end, expected) ? this.versions.length >> 1 : TARGET_VERSIONS;
    const below = this.boundaryAt(lastKey, target, -1);
    return below ?? this.boundaryAt(lastKey, target, 1);
  }

  /** A range that begins high in the tree of folders is asked for at once where others take a request a folder. */
  private get cutsBetween(): boolean {
    return this.range.markers !== undefined && this.range.markers !== 'keys';
  }

  private boundaryAt(lastKey: string, target: number, step: 1 | -1): string | undefined {
    let fallback: string | undefined;
    for (let index = target; index > 0 && index < this.versions.length; index += step) {
      const before = this.versions[index - 1]?.key;
      const next = this.versions[index]?.key;
      if (before === undefined || next === undefined || before === next || before === lastKey) continue;
      if (!hasAmbiguousOrder(before)) return this.cutsBetween ? highestBetween(before, next) : before;
      fallback ??= this.orderKept && !this.range.ordersByUnits ? before : undefined;
    }
    return fallback;
  }
}

const identityOf = ({ key, versionId }: ListedVersion): string => `${versionId}/${key}`;
