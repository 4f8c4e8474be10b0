export {
  type RunningKafka,
  type RunningMinio,
  type RunningMongo,
  startKafka,
  startMinio,
  startMongo,
} from '@mirror/local';
export {
  connectorClient,
  type FreshBucket,
  type FreshBucketOptions,
  freshBucket,
  setVersioning,
} from './fresh-bucket.js';
export { type FreshDatabase, freshDatabase } from './fresh-database.js';
export { type ConnectorAddress, freshName, type TestServers, testServers } from './servers.js';
export { type WaitOptions, waitFor } from './wait-for.js';
