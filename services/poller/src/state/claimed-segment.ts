import type { LogicalTime } from '@mirror/events';
import type { Segment } from '@mirror/namespace';
import type { Document } from 'mongodb';

/** A segment held under a lease (rule R4). */
export interface ClaimedSegment {
  readonly segment: Segment;
  /** Its last key, null: it is the last segment. */
  readonly end: string | null;
  readonly epoch: number;
  /** Logical time of the claim, taken before the listing's first request (rule R1). */
  readonly startedAt: LogicalTime;
}

export const LEASE_MS = 15_000;

/**
 * The segment while the lease holds. The hour of the claim tells apart two leases of one epoch: where the database was restored
 * to an older state, the counter gives the epochs since then once more.
 */
export const heldBy = ({ segment: { _id, claimedAt }, epoch }: ClaimedSegment) => ({ _id, epoch, claimedAt });

/** So long from now, by the database's time; for an update's pipeline. */
export const inMs = (ms: number): Document => ({ $add: ['$$NOW', ms] });
