import { createHash, hash } from 'node:crypto';
import {
  type CloudEvent,
  compareTimes,
  type LogicalTime,
  type ObjectChanged,
  type ObjectDescription,
  topics,
} from '@mirror/events';
import type { EventProducer, Position } from '@mirror/kafka';
import { fromTimestamp, type MirroredVersion } from '@mirror/namespace';
import type { Difference } from './compare-range.js';

export interface MirrorIdentity {
  readonly mirrorId: string;
  readonly bucket: string;
}

/** When something was observed, on the replica set's clock (rule R1). */
export interface ObservedInterval {
  readonly startedAt: LogicalTime;
  readonly endedAt: LogicalTime;
}

/** On an idle database no time may have passed; an observation is an interval all the same. */
export const laterThan = (startedAt: LogicalTime, now: LogicalTime): LogicalTime =>
  compareTimes(now, startedAt) > 0 ? now : `${BigInt(startedAt) + 1n}`;

/** The listing says something new about a version. */
export function changeOf(
  mirror: MirrorIdentity,
  { listed, place, isLatest }: Difference,
  observed: ObservedInterval,
  description: ObjectDescription | undefined,
): ObjectChanged {
  return { ...mirror, ...listed, place, isLatest, ...observed, ...(description ? { description } : {}) };
}

/** A version is gone from the connector, by rule R6. */
export function removalOf(mirror: MirrorIdentity, version: MirroredVersion, observed: ObservedInterval): ObjectChanged {
  return { ...mirror, ...factsOf(version), kind: 'removal', isLatest: false, ...observed };
}

/**
 * A known version has been described. It tells nothing new of the listing: its interval is the document's own stamp, which
 * rule R1's filter lets change nothing.
 */
export function descriptionOf(
  mirror: MirrorIdentity,
  version: MirroredVersion,
  description: ObjectDescription,
): ObjectChanged {
  const stamp = fromTimestamp(version.listedAt);
  return { ...mirror, ...factsOf(version), isLatest: true, startedAt: stamp, endedAt: stamp, description };
}

function factsOf({ _id, kind, place, size, etag, lastModified, storageClass }: MirroredVersion) {
  return {
    key: _id.k,
    versionId: _id.v,
    kind,
    place,
    size,
    etag,
    storageClass,
    lastModified: lastModified.toISOString(),
  };
}

/**
 * A change, and the stamp of the document that it was compared against ('0': there was none). The stamp is part of the
 * event's id, so that a retry repeats the id, and a state that returns does not.
 */
export interface StampedChange {
  readonly change: ObjectChanged;
  readonly comparedAt: LogicalTime;
}

type ChangeEvent = CloudEvent<'ObjectChanged'>;

export const eventsOf = (changes: readonly StampedChange[], now: Date): ChangeEvent[] =>
  changes.map(({ change, comparedAt }) => toEvent(change, comparedAt, now));

/** The same changes, compared against the same documents, have the same digest. */
export function digestOf(events: readonly ChangeEvent[]): string {
  const digest = createHash('sha256');
  for (const { id } of events) digest.update(id);
  return digest.digest('hex');
}

export const publishEvents = (producer: EventProducer, events: readonly ChangeEvent[]): Promise<Position> =>
  producer.send(topics.objectChanges, events);

export const publishChanges = (
  producer: EventProducer,
  changes: readonly StampedChange[],
  now: Date,
): Promise<Position> => publishEvents(producer, eventsOf(changes, now));

function toEvent(change: ObjectChanged, comparedAt: LogicalTime, now: Date): ChangeEvent {
  return {
    id: eventId(change, comparedAt),
    type: 'ObjectChanged',
    source: 'poller',
    subject: `${change.bucket}/${change.key}`,
    time: now.toISOString(),
    data: change,
  };
}

function eventId(change: ObjectChanged, comparedAt: LogicalTime): string {
  const { mirrorId, key, versionId, kind, place, size, etag, lastModified, storageClass, description } = change;
  const state = [kind, place, size, etag, lastModified, storageClass, description?.describedAt ?? ''];
  return hash('sha256', JSON.stringify([mirrorId, key, versionId, comparedAt, state]), 'hex').slice(0, 32);
}
