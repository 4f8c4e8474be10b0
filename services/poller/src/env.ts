import { port, secret, sharedEnv } from '@mirror/runtime';
import { z } from 'zod';

export const pollerEnv = z.object({
  ...sharedEnv,
  PORT: port(4200).describe('Port of the internal API, health and metrics'),
  CONFIG_URL: z.url().default('http://127.0.0.1:4100').describe('The config service, for the credentials of locations'),
  ENDPOINT_ALLOW_NETWORKS: z
    .string()
    .default('')
    .describe('Networks (CIDR, by commas) that endpoints may be in, beside public ones'),
  POLL_INTERVAL_MS: z.coerce
    .number()
    .int()
    .min(50)
    .default(1_000)
    .describe('Between two visits of a range, in milliseconds: the least; hot ranges come close to it'),
  VISIT_DEADLINE_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .default(600)
    .describe('Between two visits of the coldest range, as far as the budget reaches'),
  POLL_REQUESTS_PER_SECOND: z.coerce.number().min(1).default(100).describe('Requests a second that a location may get'),
  POLL_VISITS_AT_ONCE: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .default(16)
    .describe('Ranges of a mirror that one poller lists and compares at once'),
  LAG_WAIT_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .default(300)
    .describe('How long a range waits for what it said to be applied, before it is compared all the same'),
  HINTS_TOPIC: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{0,249}$/)
    .default('')
    .describe('Kafka topic of S3 event records from the connector, its whole name; empty: none'),
  HINTS_TOKEN: secret()
    .optional()
    .describe('Bearer token of `POST /hints/v1/s3-events`; without it the webhook is off'),
  HINTS_SHARE: z.coerce
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe('Share of a location’s requests that hints may bring forward'),
  DESCRIPTION_SWEEP_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .default(86_400)
    .describe('Metadata and tags of latest versions are read anew when they are older than this'),
  REMOVAL_DELAY_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .default(10)
    .describe('Between the two listings that must omit a version'),
  REMOVAL_FLOOR_VERSIONS: z.coerce
    .number()
    .int()
    .min(1)
    .default(100)
    .describe('Up to so many missing versions no mirror is suspect, and no visit holds removals'),
  REMOVAL_SHARE: z.coerce
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe('Share of the versions an hour ago that may go within the hour before the mirror is suspect'),
});
export type PollerEnv = z.infer<typeof pollerEnv>;
