import { createHash } from 'node:crypto';
import type { CloudEvent, topics } from '@mirror/events';
import { Timestamp } from 'mongodb';

/** The events whose data is an entity's whole state. */
type StateEventType = (typeof topics.locations.events | typeof topics.buckets.events)[number];
type StateOf<T extends StateEventType> = CloudEvent<T>['data'];

/** An entity's whole current state as an event. The same state twice has the same id: consumers may see it twice. */
export function stateEvent<T extends StateEventType>(
  type: T,
  subject: string,
  data: StateOf<T>,
  at: Date,
): CloudEvent<T> {
  const id = createHash('sha256')
    .update(JSON.stringify([type, subject, data.revision]))
    .digest('hex');
  return { id, type, source: 'config', subject, time: at.toISOString(), data };
}

/** Set by the server when the document is inserted: an empty timestamp at the top level becomes the logical time. */
export const toRevision = (timestamp: Timestamp): string => timestamp.toBigInt().toString();

/** Of what was said. */
export const fromRevision = (revision: string): Timestamp => new Timestamp(BigInt(revision));
