import { xmlResponse } from '../protocol/s3-response.js';
import { tag } from '../protocol/xml.js';
import { bucketOf } from './access.js';
import type { Operation } from './operation.js';

export const headBucket: Operation = async (call, sources) => {
  bucketOf(call, sources);
  return { status: 200, headers: { 'x-amz-bucket-region': sources.region } };
};

/** The location constraint that makes such a bucket. Clients that sign for it as a region are answered, too. */
export const getBucketLocation: Operation = async (call, sources) => {
  const { location } = bucketOf(call, sources);
  return xmlResponse('LocationConstraint', `${location}:ingest`);
};

/** A mirror's target bucket has versioning enabled: it is a prerequisite. */
export const getBucketVersioning: Operation = async (call, sources) => {
  bucketOf(call, sources);
  return xmlResponse('VersioningConfiguration', tag('Status', 'Enabled'));
};
