import { z } from 'zod';
import { bucketName, locationName, revision } from './fields.js';

export const LOCATION_TYPE = 'location-scality-ring-s3-v1';

const quirks = z.array(z.string().min(1).max(64)).max(64);

/** How an endpoint lists versions, as far as its probe could tell from what is in the bucket. */
export const endpointBehaviour = z.strictObject({
  listing: z
    .enum(['ranges', 'serialByPrefix'])
    .describe('serialByPrefix: keys beyond U+FFFF are out of order, doubled or left out in full listings'),
  quirks: quirks.describe('Ways in which it differs from S3'),
  unknown: quirks.describe('Neither seen nor excluded: the bucket has too little in it'),
});

/** The whole current state of a location, without its credentials: those are in no event (I8). */
export const locationState = z.strictObject({
  name: locationName,
  revision,
  locationType: z.literal(LOCATION_TYPE),
  details: z.strictObject({
    endpoint: z.url().describe('Completed: with its scheme'),
    bucketName: bucketName.describe('Target bucket at the connector'),
    bucketMatch: z.boolean().describe('Write objects without prefix: what Mirror mode needs'),
    region: z.string(),
  }),
  behaviour: endpointBehaviour.optional().describe('Missing: it could not be learned'),
});
export type LocationState = z.infer<typeof locationState>;
