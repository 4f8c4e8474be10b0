export { type BothSidesFigures, type BothSidesJob, runBothSides } from './both-sides.js';
export { type CompareOutcome, compare, waitUntilDeeplyEqual, waitUntilEqual } from './compare.js';
export { type Killing, killAndRestart, killInTurn, missedSoon } from './kill-in-turn.js';
export { type HistoryEntry, listHistory } from './list-history.js';
export { type MainJob, type MainJobFigures, runMainJob } from './main-job.js';
export { type OwnStack, type OwnStackOptions, startOwnStack } from './own-stack.js';
export { waitUntilPushed, waitUntilStagingIsEmpty } from './settle-uploads.js';
export { killDuringSnapshot, oneVisitOnly, type SnapshotKills, type SnapshotKillsFigures } from './snapshot-kills.js';
export {
  locationOf,
  type S3Access,
  type Status,
  type System,
  type SystemOptions,
  s3Client,
  startSystem,
} from './system.js';
export { faultsEnvironment, runUploadFaults } from './upload-faults.js';
