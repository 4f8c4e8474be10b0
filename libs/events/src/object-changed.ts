import { z } from 'zod';
import { logicalTime } from './fields.js';

/** What HEAD and tagging tell of a version, and a listing does not. `headers` are content headers, names in lower case. */
export const objectDescription = z.strictObject({
  contentType: z.string().nullable(),
  headers: z.record(z.string(), z.string()),
  metadata: z.record(z.string(), z.string()),
  tags: z.record(z.string(), z.string()),
  describedFrom: logicalTime.describe('Logical time before the first of the requests that read this description'),
  describedAt: logicalTime.describe('Logical time after the last of them: the stamp of the description'),
});
export type ObjectDescription = z.infer<typeof objectDescription>;

/**
 * One difference between the connector's listing and the mirror. `startedAt` and `endedAt` are the observation's interval
 * on the logical clock (rule R1); `place` orders the versions of a key, the smallest is the latest.
 */
export const objectChanged = z.strictObject({
  mirrorId: z.string().min(1),
  bucket: z.string().min(1),
  key: z.string(),
  versionId: z.string().min(1),
  kind: z.enum(['version', 'deleteMarker', 'removal']),
  isLatest: z.boolean().describe('As of that listing; becoming noncurrent is no event'),
  place: z.number().describe('Order inside the key: smaller is newer; fractions are allowed'),
  size: z.number().int().nonnegative().describe('Bytes; 0 for a delete marker'),
  etag: z.string().describe('Without quotes; empty where the endpoint gives none'),
  lastModified: z.iso.datetime().describe('As the connector lists it'),
  storageClass: z.string(),
  startedAt: logicalTime,
  endedAt: logicalTime,
  description: objectDescription.optional(),
});
export type ObjectChanged = z.infer<typeof objectChanged>;
