import type { Faults } from './faults.js';
import type { Quirk } from './personalities.js';
import type { VersionedBucket } from './versioned-bucket.js';

/** What all operations share: one bucket, what is odd about it, what is wrong with it just now. */
export interface Endpoint {
  readonly name: string;
  readonly bucket: VersionedBucket;
  readonly quirks: ReadonlySet<Quirk>;
  /** Keys of multipart uploads that were begun, by their id. */
  readonly uploads: Map<string, string>;
  faults: Faults;
}
