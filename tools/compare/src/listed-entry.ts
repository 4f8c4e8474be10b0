/** A version or a delete marker as one side lists it, in the fields that both sides must agree on. */
export interface ListedEntry {
  readonly key: string;
  readonly versionId: string;
  readonly kind: EntryKind;
  readonly isLatest: boolean;
  /** Bytes; null for a delete marker, whatever an endpoint says of it. */
  readonly size: number | null;
  /** Without quotes; null for a delete marker. */
  readonly etag: string | null;
  /** Milliseconds since 1970. */
  readonly lastModifiedMs: number;
  /** Number of the page that it came on, for what is said of pages; undefined: not known. */
  readonly page?: number;
}

export type EntryKind = 'version' | 'deleteMarker';

/** The order in which S3 lists keys: by their UTF-8 bytes, which is not that of JavaScript's `<` beyond U+FFFF. */
export function compareKeyBytes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
