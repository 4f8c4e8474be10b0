export { CachedLookup, type CachedLookupOptions } from './cached-lookup.js';
export {
  type AccessKey,
  type BucketCreation,
  type BucketDetach,
  ConfigClient,
  type ConfigRefusal,
  type LocationCredentials,
  type MirroredBucket,
} from './config-client.js';
