/** A delete marker has no content: size 0, no ETag, no storage class, though some endpoints list such for it. */
export interface ListedVersion {
  readonly key: string;
  /** Opaque; `null` for what was written before versioning was enabled. */
  readonly versionId: string;
  readonly kind: 'version' | 'deleteMarker';
  readonly isLatest: boolean;
  /** Bytes. */
  readonly size: number;
  /** Without quotes; empty where the endpoint gives none. */
  readonly etag: string;
  /** ISO 8601 in UTC, as listed. */
  readonly lastModified: string;
  /** Empty where the endpoint gives none. */
  readonly storageClass: string;
}

export type MutableVersion = { -readonly [K in keyof ListedVersion]: ListedVersion[K] };

export interface VersionPage {
  /** In listed order, versions and delete markers interleaved. */
  readonly versions: readonly ListedVersion[];
  readonly isTruncated: boolean;
  /** Opaque: sent back as they came (already decoded where the endpoint URL-encodes). Only on a truncated page. */
  readonly nextKeyMarker?: string;
  readonly nextVersionIdMarker?: string;
  /** Whether the keys only grow, by UTF-8 bytes. */
  readonly orderKept: boolean;
}
