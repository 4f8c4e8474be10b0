import type { OperationOutcome } from '@mirror/namespace';
import type { Operation } from '../state/push-attempt.js';
import type { ListedOfKey } from './resolve-unknown.js';

export interface PushError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** What came of one step of an operation. */
export type PushResult =
  | { readonly kind: 'outcome'; readonly outcome: OperationOutcome }
  /** To be tried again, after this time or after a backoff. `isLocation`: any operation might have met this, a probe tells. */
  | { readonly kind: 'retry'; readonly error: PushError; readonly isLocation: boolean; readonly afterMs?: number }
  /** The connector said no: for good, unless a probe finds that it says so to everything. */
  | { readonly kind: 'denied'; readonly error: PushError }
  /** Not to be tried again as it is. */
  | { readonly kind: 'failed'; readonly error: PushError }
  /** Another holder, or a client who cancelled it, was here. */
  | { readonly kind: 'overtaken' };

export const done = (versionId: string | null, found?: ListedOfKey): PushResult => ({
  kind: 'outcome',
  outcome: { kind: 'done', versionId, ...(found && { lastModified: found.lastModified }) },
});

export const failed = (error: PushError): PushResult => ({ kind: 'failed', error });

/** It can be sent again whatever became of it before. */
export const isIdempotent = ({ what }: Operation): boolean => what.kind === 'tag' || what.kind === 'deleteVersion';

/** The connector's version ids that came of an operation. */
export const versionsOf = ({ outcome }: Operation): string[] =>
  outcome?.kind === 'done' && outcome.versionId !== null ? [outcome.versionId] : [];

export const unversioned: PushError = {
  code: 'S3.VERSIONING',
  message: 'The connector answered no version id',
  hint: 'Enable versioning on the bucket at the connector: without it an upload overwrites the one before.',
};

export const outcomeUnknown: PushError = {
  code: 'PUSH.OUTCOME_UNKNOWN',
  message: 'The connector did not answer; it is looked whether it did what it was asked for',
  hint: 'This ends by itself, once the connector answers.',
};

export const outcomeLost: PushError = {
  code: 'PUSH.OUTCOME_LOST',
  message: 'A later operation of the key was done before',
  hint: 'The database was restored to an earlier state, it seems. Compare the object at the connector, then discard this.',
};

export const notRecorded: PushError = {
  code: 'PUSH.NOT_RECORDED',
  message: 'The version that this is about was pushed, and that is not recorded yet',
  hint: 'See whether the metadata service runs.',
};
