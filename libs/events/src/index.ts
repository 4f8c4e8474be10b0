export { type MirrorState, mirrorState } from './bucket-events.js';
export { type EventData, type EventType, eventSchemas, type Topic, topics } from './catalogue.js';
export type { DiscardRequested, RemovalsAccepted, RetryRequested, VerifyRequested } from './command-events.js';
export { type CloudEvent, type KafkaMessage, toKafkaMessage } from './envelope.js';
export { BUCKET_NAME_PATTERN, bucketName, LOCATION_NAME_PATTERN, locationName } from './fields.js';
export { LOCATION_TYPE, type LocationState, locationState } from './location-events.js';
export { compareTimes, LOGICAL_TIME_PATTERN, type LogicalTime } from './logical-time.js';
export type {
  LocationReachable,
  LocationUnreachable,
  MirrorSuspected,
  MirrorTrusted,
  PassCompleted,
  SnapshotCompleted,
  SnapshotStarted,
  VerifyCompleted,
} from './mirror-status-events.js';
export { type ObjectChanged, type ObjectDescription, objectChanged, objectDescription } from './object-changed.js';
export { type ParsedEvent, parseEvent } from './parse-event.js';
export {
  type ObjectDeleted,
  type ObjectTagged,
  type ObjectUploaded,
  type OperationKind,
  type ReplicationCompleted,
  type ReplicationFailed,
  type StagedContent,
  stagedContent,
} from './upload-events.js';
