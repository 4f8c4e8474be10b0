import { BUCKET_NAME_PATTERN, LOCATION_NAME_PATTERN, LOCATION_TYPE } from '@mirror/events';
import { z } from 'zod';
import { checkSchema } from '../http/problem.js';

export const locationName = z
  .string()
  .regex(LOCATION_NAME_PATTERN)
  .describe('A location name has 1 to 64 letters, digits and hyphens');

export const bucketName = z
  .string()
  .regex(BUCKET_NAME_PATTERN)
  .describe(
    'A bucket name has 3 to 63 lowercase letters, digits and hyphens, and begins and ends with a letter or digit',
  );

const printable = (most: number) => z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${most}}$`));

const locationType = z.literal(LOCATION_TYPE).describe(`The location type is ${LOCATION_TYPE}`);
const endpoint = z
  .string()
  .min(1)
  .max(300)
  .describe('The endpoint is a host name or an IP address, with http:// or https:// and a port where needed');
const accessKey = printable(128).describe('The access key is 1 to 128 printable ASCII characters without spaces');
const secretKey = printable(256).meta({
  description: 'The secret key is 1 to 256 printable ASCII characters without spaces',
  writeOnly: true,
});
const bucketMatch = z
  .boolean()
  .describe(
    'true writes objects without prefix, which Mirror mode needs; several buckets on such a location can lose data',
  );
const region = z
  .string()
  .regex(/^[a-z0-9-]{1,64}$/)
  .describe(
    'The signing region is 1 to 64 lowercase letters, digits and hyphens; us-east-1 unless the connector has another',
  );

export const createLocation = z
  .strictObject({
    name: locationName,
    locationType,
    details: z.strictObject({
      endpoint,
      bucketName: bucketName.describe(`Target bucket at the connector. ${bucketName.description}`),
      accessKey,
      secretKey,
      bucketMatch: bucketMatch.default(false),
      region: region.default('us-east-1'),
    }),
  })
  .meta({ id: 'NewLocation' });
export type CreateLocation = z.infer<typeof createLocation>;

export const createLocationQuery = z.strictObject({
  dryRun: z.enum(['true', 'false']).default('false').describe('true only checks: nothing is stored'),
});

/** What is not given stays as it is. */
export const changeLocation = z
  .strictObject({
    details: z
      .strictObject({ endpoint, bucketName, accessKey, secretKey, bucketMatch, region })
      .partial()
      .describe('Fields to change; the others stay'),
  })
  .meta({ id: 'LocationChange' });
export type ChangeLocation = z.infer<typeof changeLocation>;

export const locationParams = z.strictObject({ name: locationName });

export const mirroring = z
  .enum(['unavailable', 'available', 'active', 'paused', 'failing', 'suspect'])
  .describe('unavailable: objects have a prefix; available: no bucket mirrors it yet; the others: how its mirror is');
export type Mirroring = z.infer<typeof mirroring>;

/** What calls answer. The secret key is in none (I8). */
export const locationAnswer = z
  .strictObject({
    name: locationName,
    locationType,
    details: z.strictObject({
      endpoint: z.string().describe('Completed: with its scheme'),
      bucketName,
      accessKey,
      bucketMatch,
      region,
    }),
    mirroring,
    checks: z.array(checkSchema).describe('Every prerequisite, as last tried'),
    checkedAt: z.iso.datetime().describe('When the prerequisites were last tried'),
  })
  .meta({ id: 'Location' });
export type LocationAnswer = z.infer<typeof locationAnswer>;

export const constraintAnswer = z
  .strictObject({
    value: z.string().describe('The `locationConstraint` of a new bucket'),
    label: z.string().describe('For people: "ring-paris (Mirror mode)"'),
  })
  .meta({ id: 'LocationConstraint' });
export type ConstraintAnswer = z.infer<typeof constraintAnswer>;
