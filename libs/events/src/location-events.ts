import { z } from 'zod';
import { bucketName, locationName, revision } from './fields.js';

export const LOCATION_TYPE = 'location-scality-ring-s3-v1';

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
});
export type LocationState = z.infer<typeof locationState>;
