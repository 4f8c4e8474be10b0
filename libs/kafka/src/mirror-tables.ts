import { type LocationState, type MirrorState, topics } from '@mirror/events';
import type { KafkaConnection } from './kafka-connection.js';
import { StateTable } from './state-table.js';

/** Mirrored buckets by their name, detached ones included; to be started. */
export function bucketTable(connection: KafkaConnection): StateTable<MirrorState> {
  return new StateTable({ connection, topic: topics.buckets, key: ({ bucket }) => bucket });
}

/** Locations by their name; to be started. */
export function locationTable(connection: KafkaConnection): StateTable<LocationState> {
  return new StateTable({ connection, topic: topics.locations, key: ({ name }) => name });
}
