import type { AccessKey } from '@mirror/config-client';
import type { MirrorState } from '@mirror/events';
import { S3Error } from '../protocol/errors.js';
import type { Call, Sources } from './operation.js';

export function mayUse(caller: AccessKey, bucket: string): boolean {
  return caller.buckets === '*' || caller.buckets.includes(bucket);
}

/** The bucket of a call. NoSuchBucket where none is mirrored under that name; access was checked by the router's rules. */
export function bucketOf({ request }: Call, { buckets }: Sources): MirrorState {
  const bucket = buckets.get(request.bucket);
  if (bucket === undefined) throw new S3Error('NoSuchBucket', { elements: { BucketName: request.bucket } });
  return bucket;
}
