import { isoTime } from './iso-time.js';
import { hexOf, mix } from './mix.js';
import { type KeyAt, type KeyFamily, keysOf } from './simulated-keys.js';

export interface SimulatedVersion {
  readonly key: string;
  readonly versionId: string;
  readonly kind: 'version' | 'deleteMarker';
  readonly isLatest: boolean;
  readonly size: number;
  readonly etag: string;
  readonly lastModified: string;
}

export interface SimulatedPage {
  readonly versions: readonly SimulatedVersion[];
  readonly isTruncated: boolean;
}

export interface PageStart {
  readonly keyMarker: string;
  readonly versionIdMarker: string;
}

/** Ten keys have twelve versions: the fourth and the eighth have two. */
const KEYS_A_BLOCK = 10;
const BLOCK: readonly (readonly [key: number, age: number])[] = [
  ...[0, 1, 2].map((key) => [key, 0] as const),
  ...[0, 1].map((age) => [3, age] as const),
  ...[4, 5, 6].map((key) => [key, 0] as const),
  ...[0, 1].map((age) => [7, age] as const),
  ...[8, 9].map((key) => [key, 0] as const),
];
/** With what `churn` may add. */
const MOST_OF_A_KEY = 20;
/** The newest version of one key in so many is a delete marker; such a key is the fourth of its ten. */
const KEYS_A_DELETE_MARKER = 50;

/**
 * A bucket of any number of versions, each computed from the seed when it is listed: nothing is stored but what `churn` has
 * changed since.
 */
export class SimulatedBucket {
  private readonly keyAt: KeyAt;
  private readonly keyCount: number;
  /** Numbers of versions that are gone, and versions that came, both in listed order. */
  private removed: ReadonlySet<number> = new Set();
  private added: readonly SimulatedVersion[] = [];

  constructor(
    family: KeyFamily,
    private readonly baseVersions: number,
    private readonly seed: number,
  ) {
    this.keyCount = Math.ceil(baseVersions / BLOCK.length) * KEYS_A_BLOCK;
    this.keyAt = keysOf(family, this.keyCount, seed);
  }

  get versions(): number {
    return this.baseVersions - this.removed.size + this.added.length;
  }

  /** Changes this share of the versions, anew: as many go as come, and half of those that come overwrite a key. */
  churn(share: number, round: number): void {
    const count = Math.round((this.baseVersions * share) / 2);
    const random = (kind: number, index: number) => mix(this.seed + 7 * round + kind, index) % this.baseVersions;
    this.removed = new Set(Array.from({ length: count }, (_, index) => random(1, index)));
    const added = Array.from({ length: this.removed.size }, (_, index) => this.newVersion(random(2, index), index));
    this.added = added.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  has(key: string, versionId: string): boolean {
    const { versions } = this.page({ keyMarker: '', versionIdMarker: '' }, key, MOST_OF_A_KEY);
    return versions.some((version) => version.key === key && version.versionId === versionId);
  }

  /** A page in S3's order: by key, inside a key newest first. */
  page(start: PageStart, prefix: string, size: number): SimulatedPage {
    const versions: SimulatedVersion[] = [];
    for (const version of this.from(start, prefix)) {
      if (!version.key.startsWith(prefix)) break;
      if (versions.length === size) return { versions, isTruncated: true };
      versions.push(version);
    }
    return { versions, isTruncated: false };
  }

  private *from({ keyMarker, versionIdMarker }: PageStart, prefix: string): Generator<SimulatedVersion> {
    const isInside = versionIdMarker !== '';
    const isBefore = (key: string) =>
      isInside || keyMarker < prefix ? key < maxOf(keyMarker, prefix) : key <= keyMarker;
    let base = this.firstBase(isBefore);
    let added = firstIndex(this.added.length, (index) => isBefore(this.added[index]?.key ?? ''));
    let listedKey: string | undefined;
    let isPassed = !isInside;
    for (;;) {
      while (this.removed.has(base)) base += 1;
      const old = base < this.baseVersions ? this.baseVersion(base) : undefined;
      const fresh = this.added[added];
      // An overwritten key: what came last is its newest version.
      const next = fresh && (!old || fresh.key <= old.key) ? fresh : old;
      if (!next) return;
      if (next === fresh) added += 1;
      else base += 1;
      const isLatest = next.key !== listedKey;
      listedKey = next.key;
      if (isPassed || next.key > keyMarker) yield next.isLatest === isLatest ? next : { ...next, isLatest };
      else isPassed = next.versionId === versionIdMarker;
    }
  }

  private firstBase(isBefore: (key: string) => boolean): number {
    return firstIndex(this.baseVersions, (version) => isBefore(this.keyAt(this.placeOf(version).key)));
  }

  private placeOf(version: number): { key: number; age: number } {
    const [key, age] = BLOCK[version % BLOCK.length] ?? [0, 0];
    return { key: Math.floor(version / BLOCK.length) * KEYS_A_BLOCK + key, age };
  }

  private baseVersion(version: number): SimulatedVersion {
    const { key, age } = this.placeOf(version);
    const isMarker = age === 0 && key % KEYS_A_DELETE_MARKER === 3;
    return this.version(this.keyAt(key), version, isMarker ? 'deleteMarker' : 'version', age === 0);
  }

  private newVersion(near: number, index: number): SimulatedVersion {
    const key = this.keyAt(this.placeOf(near).key);
    return this.version(index % 2 === 0 ? key : `${key}+${index}`, this.baseVersions + index, 'version', true);
  }

  private version(key: string, number: number, kind: SimulatedVersion['kind'], isLatest: boolean): SimulatedVersion {
    const { seed } = this;
    const versionId = `${hexOf(seed + 3, number)}${hexOf(seed + 4, number)}${number.toString(16).padStart(16, '0')}`;
    const etag = `${hexOf(seed + 5, number)}${hexOf(seed + 6, number)}${hexOf(seed + 7, number)}${hexOf(seed + 8, number)}`;
    const lastModified = isoTime(firstWrite + (mix(seed + 9, number) % spanMs));
    return { key, versionId, kind, isLatest, size: mix(seed + 10, number) % 10_000_000, etag, lastModified };
  }
}

const firstWrite = Date.UTC(2024, 0, 1);
const spanMs = 2_000_000_000;

const maxOf = (a: string, b: string): string => (a < b ? b : a);

/** How many of the first of `count` are before; these come first. */
function firstIndex(count: number, isBefore: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
