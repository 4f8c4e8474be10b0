export { openStaging, type StagingCredentials, stagingEnv } from './open-staging.js';
export { type ByteRange, STAGED_ID, type StagedBytes, type StagedEntry, type Staging } from './staging.js';
export { type NewIntent, type StagingIntent, StagingIntents } from './staging-intents.js';
