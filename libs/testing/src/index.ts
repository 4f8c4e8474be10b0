export {
  type RunningKafka,
  type RunningMinio,
  type RunningMongo,
  type RunningVersitygw,
  startKafka,
  startMinio,
  startMongo,
  startVersitygw,
} from '@mirror/local';
export { type BucketShape, standardShape } from './bucket-plan.js';
export { type ChangeKind, type Churned, type ChurnOptions, churn, type MadeChange } from './churn.js';
export { type CuttingProxy, type Fate, type SeenRequest, startCuttingProxy } from './cutting-proxy.js';
export { fillAsPlanned } from './fill-as-planned.js';
export {
  connectorClient,
  type FreshBucket,
  type FreshBucketOptions,
  freshBucket,
  setVersioning,
} from './fresh-bucket.js';
export { type FreshDatabase, freshDatabase } from './fresh-database.js';
export { type GeneratedBucket, type GenerateOptions, generateBucket } from './generate-bucket.js';
export { type Declared, describeVersionedBucket } from './listing-server/contract.js';
export { describeReadOnlyListing, type ReadOnlyEndpoint } from './listing-server/contract-read-only.js';
export type { EndpointUnderTest } from './listing-server/endpoint-under-test.js';
export type { Faults } from './listing-server/faults.js';
export type { HeldRequest, RequestMatch } from './listing-server/held-requests.js';
export { type ListingServer, type ListingServerOptions, startListingServer } from './listing-server/listing-server.js';
export { type Personality, personalities, type Quirk, quirks } from './listing-server/personalities.js';
export {
  type BucketSnapshot,
  type Content,
  type StoredVersion,
  VersionedBucket,
} from './listing-server/versioned-bucket.js';
export { type LoopbackServer, startLoopbackServer } from './loopback-server.js';
export { type Client, runClient } from './run-client.js';
export { aws, boto3, curlPut, rclone, runTool, s3cmd, type ToolAccess } from './run-tool.js';
export { seededRandom } from './seeded-random.js';
export { type ConnectorAddress, freshName, type TestServers, testServers } from './servers.js';
export { SimulatedBucket, type SimulatedVersion } from './simulated-server/simulated-bucket.js';
export { type KeyFamily, keyFamilies, keysOf } from './simulated-server/simulated-keys.js';
export {
  type AnsweredListing,
  type SimulatedServer,
  type SimulatedServerOptions,
  startSimulatedServer,
} from './simulated-server/simulated-server.js';
export { type WaitOptions, waitFor } from './wait-for.js';
