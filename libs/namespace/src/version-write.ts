import type { Timestamp } from 'mongodb';
import type { ListingFacts, StoredDescription, VersionId } from './version-document.js';

/** An observation's interval on the logical clock (rule R1). */
export interface Observation {
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
}

export interface DescriptionWrite {
  readonly description: StoredDescription;
  readonly describedFrom: Timestamp;
  readonly describedAt: Timestamp;
}

/** What is to be written about one version. */
export type VersionWrite =
  | {
      readonly kind: 'put';
      readonly id: VersionId;
      readonly facts: ListingFacts;
      readonly observed: Observation;
      readonly described: DescriptionWrite | null;
    }
  | { readonly kind: 'remove'; readonly id: VersionId; readonly facts: ListingFacts; readonly observed: Observation }
  /** A description alone: it says nothing of the listing, and inserts nothing. */
  | {
      readonly kind: 'describe';
      readonly id: VersionId;
      /** The ETag that it holds for. */
      readonly etag: string;
      readonly described: DescriptionWrite;
    };

export type Put = Extract<VersionWrite, { kind: 'put' }>;
