import { z } from 'zod';
import { LOGICAL_TIME_PATTERN } from './logical-time.js';

/** Fields that several events share. */
export const logicalTime = z.string().regex(LOGICAL_TIME_PATTERN);

export const revision = logicalTime.describe(
  'Logical time of the commit; a state with a lower one is ignored (rule R2)',
);

export const BUCKET_NAME_PATTERN = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
export const LOCATION_NAME_PATTERN = /^[A-Za-z0-9-]{1,64}$/;

export const bucketName = z.string().regex(BUCKET_NAME_PATTERN);
export const locationName = z.string().regex(LOCATION_NAME_PATTERN);
