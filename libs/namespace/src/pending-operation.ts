import type { OperationKind, StagedContent } from '@mirror/events';
import type { Timestamp } from 'mongodb';
import type { NamedValues, StoredDescription } from './version-document.js';

/** What a client was answered for. Version ids are as they were when it was accepted. */
export type OperationWhat =
  | {
      readonly kind: 'put';
      /** Given to the client; the connector gives another. */
      readonly versionId: string;
      readonly size: number;
      /** Without quotes. */
      readonly etag: string;
      readonly content: StagedContent;
      readonly description: StoredDescription;
    }
  | { readonly kind: 'deleteMarker'; readonly versionId: string }
  | {
      readonly kind: 'deleteVersion';
      /** The connector's id, or a pending version's. */
      readonly versionId: string;
      readonly target: 'version' | 'deleteMarker';
      /** As the mirror knew them: a version without an id of its own (`null`) is checked by them (rule R12). */
      readonly etag: string | null;
      readonly lastModified: Date;
    }
  /** No tags: they are removed. */
  | { readonly kind: 'tag'; readonly versionId: string; readonly tags: NamedValues };

export type OperationOutcome =
  | {
      readonly kind: 'done';
      /** The connector's; null: nothing is there of it. */
      readonly versionId: string | null;
      readonly lastModified?: Date;
    }
  | { readonly kind: 'discarded' };

export interface OperationFailure {
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
  readonly at: Date;
}

/**
 * An operation that a client was answered 2xx for, until it is recorded in the namespace (rule R12). `attempt` is the
 * replication service's own; this library leaves it alone.
 */
export interface PendingOperation<Attempt = unknown> {
  /** The operation's id. */
  readonly _id: string;
  readonly mirrorId: string;
  readonly bucket: string;
  readonly key: string;
  /** Operations of a key are pushed in this order. */
  readonly sequence: number;
  readonly acceptedAt: Timestamp;
  /** The same moment, for people, and as the version's time until the connector says one. */
  readonly acceptedDate: Date;
  readonly what: OperationWhat & { readonly kind: OperationKind };
  /** Set by compare-and-set before the first attempt: from then on it is not cancelled, unless it has failed. */
  readonly begun?: true;
  readonly attempt?: Attempt;
  /** It holds its key until an operator retries or discards it. */
  readonly failed?: OperationFailure;
  /** Stored before it is said, and said again while this document is there. */
  readonly outcome?: OperationOutcome;
}

/** Places of pending versions: before those of all connector versions of the key, the newest sequence first. */
export const PENDING_PLACE = -1e15;

export const pendingPlace = (sequence: number): number => PENDING_PLACE - sequence;
