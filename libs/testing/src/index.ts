export {
  type RunningKafka,
  type RunningMinio,
  type RunningMongo,
  startKafka,
  startMinio,
  startMongo,
} from '@mirror/local';
export { type BucketShape, standardShape } from './bucket-plan.js';
export { type ChangeKind, type Churned, type ChurnOptions, churn, type MadeChange } from './churn.js';
export {
  connectorClient,
  type FreshBucket,
  type FreshBucketOptions,
  freshBucket,
  setVersioning,
} from './fresh-bucket.js';
export { type FreshDatabase, freshDatabase } from './fresh-database.js';
export { type GeneratedBucket, type GenerateOptions, generateBucket } from './generate-bucket.js';
export { seededRandom } from './seeded-random.js';
export { type ConnectorAddress, freshName, type TestServers, testServers } from './servers.js';
export { type WaitOptions, waitFor } from './wait-for.js';
