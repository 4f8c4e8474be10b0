import type { Readable } from 'node:stream';

export interface StagedBytes {
  readonly size: number;
  /** Hexadecimal. */
  readonly md5: string;
}

/** Positions of the first and the last byte, both inclusive, within the staged bytes. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export interface StagedEntry {
  readonly stagedId: string;
  readonly size: number;
  /** When it was written, by the store's clock; for ages of hours. */
  readonly at: Date;
}

/**
 * Bytes that clients uploaded and that are not yet at the connector. Ids are minted by the caller ({@link STAGED_ID}), and
 * written once. Two implementations: a directory, and an S3 bucket.
 */
export interface Staging {
  /**
   * Durable when it resolves. When the body fails, or the store does, nothing is left. Never held in memory as a whole.
   * TransientError STAGING.UNAVAILABLE or STAGING.FULL; the body's own error as it is.
   */
  write(stagedId: string, body: AsyncIterable<Uint8Array>): Promise<StagedBytes>;
  /** PermanentError STAGING.MISSING: removed since, or never written. @param range Default: all. */
  read(stagedId: string, range?: ByteRange): Promise<Readable>;
  /** One that is missing is fine. */
  remove(stagedId: string): Promise<void>;
  /** What is there, in no order; what is being written may be among it. */
  list(): AsyncIterable<StagedEntry>;
  /** TransientError: it can't be written to. For readiness. */
  check(): Promise<void>;
  /** Drops connections; what is under way fails. */
  close(): void;
}

/** What a staged id may look like: a file's name, and a part of an object's key. */
export const STAGED_ID = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;
