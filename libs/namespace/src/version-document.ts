import type { StagedContent } from '@mirror/events';
import type { Timestamp } from 'mongodb';

/** Names and values as pairs, because names may hold dots, dollars or `__proto__`. */
export type NamedValues = ReadonlyArray<readonly [name: string, value: string]>;

/** What HEAD and tagging said of a version. Header names are lower case. */
export interface StoredDescription {
  readonly contentType: string | null;
  readonly headers: NamedValues;
  readonly metadata: NamedValues;
  readonly tags: NamedValues;
}

/** `k` is the key, `v` the connector's version id (`null` as text for a version from before versioning). */
export interface VersionId {
  readonly k: string;
  readonly v: string;
}

/**
 * One version or delete marker of a mirrored bucket, in the collection of its mirror. MongoDB compares the `_id` field by
 * field and strings by their UTF-8 bytes, so `_id` order is key order, then version id: the order of the comparison.
 */
export interface VersionDocument {
  readonly _id: VersionId;
  /** False: a tombstone (rule R7), hidden from clients. */
  readonly live: boolean;
  readonly kind: 'version' | 'deleteMarker';
  /** Order inside the key: the smallest live place is the latest version (rule R5). */
  readonly place: number;
  /** Bytes; 0 for a delete marker. */
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModified: Date;
  readonly storageClass: string;
  /** Stamp of the listing's facts (rule R1): the end of the observation that they come from. */
  readonly listedAt: Timestamp;
  /** Null until the version has been described. */
  readonly description: StoredDescription | null;
  readonly describedAt: Timestamp | null;
  /** Set: a version or delete marker that is not yet at the connector. `_id.v` is then what the client was given. */
  readonly pending?: PendingVersion;
  /** Version ids that clients were given for what is now this version (rule R12). */
  readonly aliases?: readonly string[];
  /** Its deletion is pending: invisible to clients, there for the comparison. */
  readonly hidden?: true;
  /** Sequence of the last pending change of tags: the description's tags are the client's, and observations leave it alone. */
  readonly tagsPending?: number;
  /** When it became a tombstone; ends the tombstone by a TTL index. */
  readonly removedAt?: Date;
}

export interface PendingVersion {
  readonly operationId: string;
  readonly sequence: number;
  /** Null for a delete marker. */
  readonly content: StagedContent | null;
}

/** The fields that a listing tells, and that the comparison compares. */
export type ListingFacts = Pick<VersionDocument, 'kind' | 'place' | 'size' | 'etag' | 'lastModified' | 'storageClass'>;
