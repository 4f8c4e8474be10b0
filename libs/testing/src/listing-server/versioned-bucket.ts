import { createHash } from 'node:crypto';
import { indexAfter, type KeyOrder } from './key-orders.js';
import { versionIdOf } from './version-ids.js';

export interface StoredVersion {
  readonly key: string;
  /** `null` for what was written while versioning was not enabled. */
  readonly versionId: string;
  /** Grows with each write of the bucket; the newest version of a key has the largest. */
  readonly sequence: number;
  readonly kind: 'version' | 'deleteMarker';
  readonly lastModified: Date;
  /** Without quotes. */
  readonly etag: string;
  readonly body: Buffer;
  /** As HEAD answers them: content headers and `x-amz-meta-…`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: ReadonlyMap<string, string>;
}

export type Versioning = 'none' | 'Enabled' | 'Suspended';

/** What a client gives with a put. */
export type Content = Partial<Pick<StoredVersion, 'headers' | 'tags'>> & { readonly body: Buffer | string };

export interface BucketSnapshot {
  readonly versions: ReadonlyMap<string, readonly StoredVersion[]>;
}

/** A bucket in memory that keeps all versions; 100,000 are filled in a second, a page is found by binary search. */
export class VersionedBucket {
  versioning: Versioning = 'Enabled';
  /** Of each key, newest first; never an empty array. */
  #versions = new Map<string, StoredVersion[]>();
  #sorted: string[] = [];
  /** Not yet among the sorted: a fill is sorted once, by the next listing. */
  #added = new Set<string>();
  #sequence = 0;

  constructor(
    readonly order: KeyOrder,
    private readonly now: () => Date = () => new Date(),
  ) {}

  put(key: string, { body, headers = {}, tags = new Map() }: Content): StoredVersion {
    const bytes = Buffer.from(body);
    const etag = createHash('md5').update(bytes).digest('hex');
    return this.#add({ key, kind: 'version', etag, body: bytes, headers, tags });
  }

  /** A delete without a version id; undefined where the key is unknown and `unknownToo` is false, or nothing was to hide. */
  delete(key: string, unknownToo = true): StoredVersion | undefined {
    if (!unknownToo && !this.#versions.has(key)) return undefined;
    if (this.versioning === 'none') return this.remove(key, 'null');
    return this.#add({ key, kind: 'deleteMarker', etag: emptyEtag, body: nothing, headers: {}, tags: new Map() });
  }

  /** Takes one version away for good; undefined where there is none of that id. */
  remove(key: string, versionId: string): StoredVersion | undefined {
    const versions = this.#versions.get(key) ?? [];
    const index = versions.findIndex((version) => version.versionId === versionId);
    const [removed] = index < 0 ? [] : versions.splice(index, 1);
    if (versions.length === 0) this.#forget(key);
    return removed;
  }

  /** The latest where no version id is given. */
  find(key: string, versionId?: string): StoredVersion | undefined {
    const versions = this.versionsOf(key);
    return versionId === undefined ? versions[0] : versions.find((version) => version.versionId === versionId);
  }

  setTags(version: StoredVersion, tags: ReadonlyMap<string, string>): void {
    const versions = this.#versions.get(version.key) ?? [];
    const index = versions.findIndex(({ sequence }) => sequence === version.sequence);
    if (index >= 0) versions[index] = { ...version, tags };
  }

  versionsOf(key: string): readonly StoredVersion[] {
    return this.#versions.get(key) ?? [];
  }

  /** All keys that have a version, in this bucket's order. */
  keys(): readonly string[] {
    if (this.#added.size > 0) {
      this.#sorted = [...this.#sorted, ...this.#added].sort(this.order);
      this.#added.clear();
    }
    return this.#sorted;
  }

  snapshot(): BucketSnapshot {
    return { versions: new Map([...this.#versions].map(([key, versions]) => [key, [...versions]])) };
  }

  /** Back to an older state, as a restored backup is; ids that were given since are not given again. */
  restore({ versions }: BucketSnapshot): void {
    this.#versions = new Map([...versions].map(([key, kept]) => [key, [...kept]]));
    this.#sorted = [];
    this.#added = new Set(versions.keys());
  }

  #add(facts: Omit<StoredVersion, 'versionId' | 'sequence' | 'lastModified'>): StoredVersion {
    const { key } = facts;
    this.#sequence += 1;
    const isNull = this.versioning !== 'Enabled';
    // There is one null version a key: a write without versioning replaces it.
    if (isNull) this.remove(key, 'null');
    const versionId = isNull ? 'null' : versionIdOf(this.#sequence);
    const version = { ...facts, versionId, sequence: this.#sequence, lastModified: this.now() };
    const versions = this.#versions.get(key);
    if (versions === undefined) {
      this.#versions.set(key, [version]);
      this.#added.add(key);
    } else versions.unshift(version);
    return version;
  }

  #forget(key: string): void {
    this.#versions.delete(key);
    if (this.#added.delete(key)) return;
    const index = indexAfter(this.#sorted, key, this.order, true);
    if (this.#sorted[index] === key) this.#sorted.splice(index, 1);
  }
}

const nothing = Buffer.alloc(0);
const emptyEtag = createHash('md5').digest('hex');
