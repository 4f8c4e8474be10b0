export { type Accepted, type AcceptRequest, acceptOperation, pendingVersion } from './accept-operation.js';
export {
  type AppliedPosition,
  advanceInStep,
  advancePosition,
  isApplied,
  type Positions,
  readPositions,
  requireInStep,
} from './applied-positions.js';
export { type ApplyResult, applyWrites } from './apply-writes.js';
export { compareKeys, hasAmbiguousOrder } from './compare-keys.js';
export { type MirrorFigures, mirrorFigures } from './figures.js';
export { findAnyVersion, findLatest, findVersion, type ResolvedVersion, resolveVersion } from './find-version.js';
export { type ListVersionsRequest, listObjectVersions, type VersionEntry } from './list-object-versions.js';
export { type ListPage, type ListRequest, listObjects, type ObjectEntry } from './list-objects.js';
export { fromTimestamp, lastOperationTime, readLogicalClock, secondsOf, toTimestamp } from './logical-clock.js';
export { type KeySequence, Namespace, TOMBSTONE_DAYS } from './namespace.js';
export { openMongo } from './open-mongo.js';
export {
  type OperationFailure,
  type OperationOutcome,
  type OperationWhat,
  PENDING_PLACE,
  type PendingOperation,
  pendingPlace,
} from './pending-operation.js';
export { pendingOf, type UploadFigures, uploadFigures } from './pending-operations.js';
export {
  type DescribedVersion,
  knownVersions,
  latestVersions,
  type MirroredVersion,
  readKeys,
  readRange,
  undescribedLatest,
} from './read-range.js';
export { type Arrival, isArrival, recordArrivals } from './record-arrivals.js';
export { recordPush } from './record-push.js';
export { remakeOperation } from './remake-operation.js';
export {
  bumpWriteCounters,
  type Segment,
  type SegmentFigures,
  type SegmentId,
  segmentEnd,
  segmentsOf,
  voidAllConfirmations,
} from './segment.js';
export type { HintedKey, SegmentAttention } from './segment-attention.js';
export { operationOf, uploadEvent } from './upload-event.js';
export { closeUploads, reopenUploads, type UploadGate } from './upload-gates.js';
export type {
  ListingFacts,
  NamedValues,
  PendingVersion,
  StoredDescription,
  VersionDocument,
  VersionId,
} from './version-document.js';
export type { ListedDocument } from './version-scan.js';
export type { DescriptionWrite, Observation, VersionWrite } from './version-write.js';
