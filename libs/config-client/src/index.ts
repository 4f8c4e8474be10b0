export { CachedLookup, type CachedLookupOptions } from './cached-lookup.js';
export { type AccessKey, ConfigClient, type LocationCredentials } from './config-client.js';
