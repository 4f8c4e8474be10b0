import type { Collection, Filter } from 'mongodb';
import { VISIBLE } from './find-version.js';
import { afterPrefix } from './key-prefix.js';
import type { VersionDocument, VersionId } from './version-document.js';

/** A live document as a client's listing shows it. */
export type ListedDocument = Pick<
  VersionDocument,
  '_id' | 'kind' | 'place' | 'size' | 'etag' | 'lastModified' | 'storageClass'
>;

/** Where a scan goes on. */
export type ScanPosition =
  | { readonly kind: 'from'; readonly key: string }
  | { readonly kind: 'after'; readonly key: string }
  /** Behind this version of its key, or where it would stand if it were there. */
  | { readonly kind: 'inside'; readonly id: VersionId; readonly place: number }
  | { readonly kind: 'end' };

const LISTED = { kind: 1, place: 1, size: 1, etag: 1, lastModified: 1, storageClass: 1 } as const;
const LISTING_ORDER = { '_id.k': 1, place: 1 } as const;
const MIN_CHUNK = 4;
const MAX_CHUNK = 1_001;
/** Read beyond what is asked for inside a key: versions that share a place for a moment are told apart by their ids. */
const SHARED_PLACES = 8;

/**
 * Walks the live versions that begin with a prefix, by key, newest first, in chunks off the listing index. Its reader may
 * skip the rest of a key or of a common prefix: what is still in the chunk is dropped, and the next chunk begins behind it.
 * A chunk is twice as large as what the reader took of the last one, so the documents read stay in proportion to those taken,
 * whatever lies between them. *Reading* until a chunk comes back short; then *ended*, once that chunk is used up.
 */
export class VersionScan {
  #chunk: readonly ListedDocument[] = [];
  #index = 0;
  /** Taken of the current chunk. */
  #taken = 0;
  #ended = false;
  readonly #upper: string | undefined;

  constructor(
    private readonly versions: Collection<VersionDocument>,
    prefix: string,
    private position: ScanPosition,
    private chunkSize: number,
  ) {
    this.#upper = afterPrefix(prefix);
  }

  async next(): Promise<ListedDocument | undefined> {
    if (this.#index === this.#chunk.length) await this.#readChunk();
    const version = this.#chunk[this.#index];
    if (version === undefined) return undefined;
    this.#index += 1;
    this.#taken += 1;
    this.position = { kind: 'inside', id: version._id, place: version.place };
    return version;
  }

  /** Past all other versions of a key. */
  skipKey(key: string): void {
    this.#dropWhile((version) => version._id.k === key);
    this.position = { kind: 'after', key };
  }

  /** Past all keys that begin with a common prefix. */
  skipPrefix(prefix: string): void {
    this.#dropWhile((version) => version._id.k.startsWith(prefix));
    this.position = pastPrefix(prefix);
  }

  #dropWhile(isSkipped: (version: ListedDocument) => boolean): void {
    const rest = this.#chunk.slice(this.#index);
    const kept = rest.findIndex((version) => !isSkipped(version));
    this.#index += kept < 0 ? rest.length : kept;
  }

  async #readChunk(): Promise<void> {
    const size = this.#taken === 0 ? this.chunkSize : Math.min(MAX_CHUNK, Math.max(MIN_CHUNK, this.#taken * 2));
    this.#chunk = this.#ended ? [] : await this.#read(this.position, size);
    this.#index = 0;
    this.#taken = 0;
    this.chunkSize = size;
    this.#ended ||= this.#chunk.length < size;
  }

  async #read(position: ScanPosition, size: number): Promise<ListedDocument[]> {
    switch (position.kind) {
      case 'end':
        return [];
      case 'from':
        return this.#find({ '_id.k': this.#keys({ $gte: position.key }) }, size);
      case 'after':
        return this.#find({ '_id.k': this.#keys({ $gt: position.key }) }, size);
      case 'inside': {
        const { k } = position.id;
        const inKey = await this.#restOfKey(position.id, position.place, size);
        if (inKey.length >= size) return inKey;
        return [...inKey, ...(await this.#find({ '_id.k': this.#keys({ $gt: k }) }, size - inKey.length))];
      }
    }
  }

  async #restOfKey({ k, v }: VersionId, place: number, size: number): Promise<ListedDocument[]> {
    const found = await this.#find({ '_id.k': k, place: { $gte: place } }, size + SHARED_PLACES);
    return found.slice(found.findIndex(({ _id }) => _id.v === v) + 1);
  }

  #keys(lower: { $gt: string } | { $gte: string }): { $gt?: string; $gte?: string; $lt?: string } {
    return this.#upper === undefined ? lower : { ...lower, $lt: this.#upper };
  }

  #find(filter: Filter<VersionDocument>, limit: number): Promise<ListedDocument[]> {
    return this.versions
      .find({ ...VISIBLE, ...filter })
      .project<ListedDocument>(LISTED)
      .sort(LISTING_ORDER)
      .limit(limit)
      .batchSize(limit + 1) // all in one answer: a batch that equals the limit would leave the cursor open
      .toArray();
  }
}

export function pastPrefix(prefix: string): ScanPosition {
  const key = afterPrefix(prefix);
  return key === undefined ? { kind: 'end' } : { kind: 'from', key };
}
