import type { CloudEvent } from '@mirror/events';
import type { ObjectId, Timestamp } from 'mongodb';

/** An event that was committed and is not yet known to be on Kafka. */
export interface OutboxRow {
  readonly _id: ObjectId;
  /** Given by the database when the row is written: the replica set's logical clock (R1). */
  readonly at: Timestamp;
  /** The topic's name, without prefix. */
  readonly topic: string;
  /** The whole event as JSON text: keys with dots and dollars, and lone surrogates, survive in it and not in BSON. */
  readonly event: string;
  /** Kafka will never take it: kept for the operator, skipped by the relay. */
  readonly refused?: { readonly code: string; readonly reason: string; readonly at: Date };
}

export const DEFAULT_NAME = 'outbox';

/** Rows that are to be relayed. */
export const waiting = { refused: { $exists: false } };

export const encodeEvent = (event: CloudEvent): string => JSON.stringify(event);

/** What {@link encodeEvent} wrote; nothing else writes rows. */
export const decodeEvent = (text: string): CloudEvent => JSON.parse(text) as CloudEvent;
