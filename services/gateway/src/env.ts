import { port, sharedEnv } from '@mirror/runtime';
import { stagingEnv } from '@mirror/staging';
import { z } from 'zod';

export const gatewayEnv = z.object({
  ...sharedEnv,
  ...stagingEnv,
  PORT: port(4000).describe('Port of the S3 endpoint, health and metrics'),
  CONFIG_URL: z.url().default('http://127.0.0.1:4100').describe('Where the config service answers'),
  ENDPOINT_ALLOW_NETWORKS: z
    .string()
    .default('')
    .describe('Networks that connectors may be in, separated by commas; empty: every public address'),
  REGION: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .default('us-east-1')
    .describe('Region that HeadBucket answers; requests may be signed for any'),
  MULTIPART_LIFETIME_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(365 * 86_400)
    .default(7 * 86_400)
    .describe('A multipart upload that is not completed so long after its begin is aborted, and its parts are dropped'),
});
export type GatewayEnv = z.infer<typeof gatewayEnv>;
