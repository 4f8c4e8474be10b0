import type { PendingOperation } from '@mirror/namespace';

/**
 * An attempt to push an operation, stored before its first byte is sent (rule R10). As long as it is there without an
 * outcome, nobody knows whether the connector applied it.
 */
export interface PushAttempt {
  /** Whoever writes about an attempt names it, so that a holder that woke up late changes nothing. */
  readonly id: string;
  /** Not after its begin, by the connector's own clock. */
  readonly begunAt: Date;
  /** Version ids of the key that were known then, and that are not older than `begunAt`: none of them is ours. */
  readonly known: readonly string[];
  /** Of a multipart upload; stored before its first part. */
  readonly uploadId?: string;
  /** The multipart upload was about to be completed: before that, no version can have come of it. */
  readonly completing?: true;
  /** By the database's clock, at the latest: when it ended without an answer, or was found without one. */
  readonly endedAt?: Date;
  /** When its outcome was looked for last. */
  readonly lookedAt?: Date;
}

export type Operation = PendingOperation<PushAttempt> & {
  /** How often an operator had it tried again. */
  readonly retries?: number;
};
