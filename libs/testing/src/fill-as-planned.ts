import { type BucketShape, type PlannedWrite, planBucket, standardShape } from './bucket-plan.js';
import type { VersionedBucket } from './listing-server/versioned-bucket.js';

/** Fills a listing server's bucket with what `generateBucket` would write, in a second for 100,000 versions. */
export function fillAsPlanned(bucket: VersionedBucket, shape: Partial<BucketShape>): void {
  const plan = planBucket({ ...standardShape, ...shape });
  bucket.versioning = 'none';
  for (const { key, writes, startsUnversioned } of plan) {
    if (startsUnversioned) for (const write of writes.slice(0, 1)) apply(bucket, key, write);
  }
  bucket.versioning = 'Enabled';
  for (const { key, writes, startsUnversioned } of plan) {
    for (const write of writes.slice(startsUnversioned ? 1 : 0)) apply(bucket, key, write);
  }
}

function apply(bucket: VersionedBucket, key: string, write: PlannedWrite): void {
  if (write.kind === 'delete') bucket.delete(key);
  else bucket.put(key, { body: Buffer.alloc(write.size, `${write.serial} `) });
}
