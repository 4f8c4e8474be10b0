import type { AccessKey } from '@mirror/config-client';
import type { MirrorState } from '@mirror/events';
import { S3Error } from '../protocol/errors.js';
import type { Call, Sources } from './operation.js';

export function mayUse(caller: AccessKey, bucket: string): boolean {
  return caller.buckets === '*' || caller.buckets.includes(bucket);
}

/** The bucket of a call. NoSuchBucket where none is mirrored under that name; access was checked by the router's rules. */
export const bucketOf = ({ request }: Call, sources: Sources): MirrorState => bucketNamed(sources, request.bucket);

/** NoSuchBucket where none is mirrored under that name. */
export function bucketNamed({ buckets }: Sources, name: string): MirrorState {
  const bucket = buckets.get(name);
  if (bucket === undefined) throw new S3Error('NoSuchBucket', { elements: { BucketName: name } });
  return bucket;
}
