import type { z } from 'zod';
import { mirrorState } from './bucket-events.js';
import { discardRequested, removalsAccepted, retryRequested, verifyRequested } from './command-events.js';
import { locationState } from './location-events.js';
import {
  locationReachable,
  locationUnreachable,
  mirrorSuspected,
  mirrorTrusted,
  passCompleted,
  snapshotCompleted,
  snapshotStarted,
  verifyCompleted,
} from './mirror-status-events.js';
import { objectChanged } from './object-changed.js';
import {
  objectDeleted,
  objectTagged,
  objectUploaded,
  replicationCompleted,
  replicationFailed,
} from './upload-events.js';

/** Every event there is: its type (`ce_type`) and the schema of its data. */
export const eventSchemas = {
  LocationCreated: locationState,
  LocationUpdated: locationState,
  LocationDeleted: locationState,
  BucketMirrored: mirrorState,
  MirrorPaused: mirrorState,
  MirrorResumed: mirrorState,
  BucketDetached: mirrorState,
  ObjectChanged: objectChanged,
  ObjectUploaded: objectUploaded,
  ObjectDeleted: objectDeleted,
  ObjectTagged: objectTagged,
  ReplicationCompleted: replicationCompleted,
  ReplicationFailed: replicationFailed,
  SnapshotStarted: snapshotStarted,
  SnapshotCompleted: snapshotCompleted,
  PassCompleted: passCompleted,
  LocationUnreachable: locationUnreachable,
  LocationReachable: locationReachable,
  MirrorSuspected: mirrorSuspected,
  MirrorTrusted: mirrorTrusted,
  VerifyCompleted: verifyCompleted,
  VerifyRequested: verifyRequested,
  RemovalsAccepted: removalsAccepted,
  RetryRequested: retryRequested,
  DiscardRequested: discardRequested,
} as const;

export type EventType = keyof typeof eventSchemas;
export type EventData<T extends EventType> = z.infer<(typeof eventSchemas)[T]>;

export interface Topic {
  /** Without TOPIC_PREFIX. */
  readonly name: string;
  /** What the message key is made of, in words; `ce_subject` says the same. */
  readonly key: string;
  readonly events: readonly EventType[];
  readonly partitions: number;
  /** Compacted topics hold the last state of each key for ever. */
  readonly compacted: boolean;
  /** Days kept; must stay below the life of a tombstone (rule R7). Ignored where compacted. */
  readonly retentionDays: number;
}

export const topics = {
  locations: {
    name: 'zenko.locations.v1',
    key: 'location name',
    events: ['LocationCreated', 'LocationUpdated', 'LocationDeleted'],
    partitions: 1,
    compacted: true,
    retentionDays: 0,
  },
  buckets: {
    name: 'zenko.buckets.v1',
    key: 'bucket',
    events: ['BucketMirrored', 'MirrorPaused', 'MirrorResumed', 'BucketDetached'],
    partitions: 1,
    compacted: true,
    retentionDays: 0,
  },
  commands: {
    name: 'zenko.commands.v1',
    key: 'bucket',
    events: ['VerifyRequested', 'RemovalsAccepted', 'RetryRequested', 'DiscardRequested'],
    partitions: 1,
    compacted: false,
    retentionDays: 7,
  },
  objectChanges: {
    name: 'zenko.object-changes.v1',
    key: 'bucket/key',
    events: ['ObjectChanged'],
    partitions: 6,
    compacted: false,
    retentionDays: 7,
  },
  uploads: {
    name: 'zenko.uploads.v1',
    key: 'bucket/key',
    events: ['ObjectUploaded', 'ObjectDeleted', 'ObjectTagged'],
    partitions: 6,
    compacted: false,
    retentionDays: 7,
  },
  replication: {
    name: 'zenko.replication.v1',
    key: 'bucket/key',
    events: ['ReplicationCompleted', 'ReplicationFailed'],
    partitions: 6,
    compacted: false,
    retentionDays: 7,
  },
  mirrorStatus: {
    name: 'zenko.mirror-status.v1',
    key: 'bucket',
    events: [
      'SnapshotStarted',
      'SnapshotCompleted',
      'PassCompleted',
      'LocationUnreachable',
      'LocationReachable',
      'MirrorSuspected',
      'MirrorTrusted',
      'VerifyCompleted',
    ],
    partitions: 1,
    compacted: false,
    retentionDays: 7,
  },
} as const satisfies Record<string, Topic>;
