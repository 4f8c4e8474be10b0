import { port, sharedEnv } from '@mirror/runtime';
import { stagingEnv } from '@mirror/staging';
import { z } from 'zod';

const atLeastOne = (standard: number, most: number) => z.coerce.number().int().min(1).max(most).default(standard);

/** Variables of the replication service. Each description becomes a row of the README's table. */
export const replicationEnv = z.object({
  ...sharedEnv,
  PORT: port(4400).describe('Port of the internal API, health and metrics'),
  CONFIG_URL: z
    .url({ protocol: /^https?$/ })
    .default('http://127.0.0.1:4100')
    .describe('The config service, for the credentials of locations'),
  ENDPOINT_ALLOW_NETWORKS: z
    .string()
    .default('')
    .describe('Networks (CIDR, by commas) that endpoints may be in, beside public ones'),
  ...stagingEnv,
  PUSHES_AT_ONCE: atLeastOne(16, 256).describe('Keys that are pushed to a location at the same time'),
  PARTS_AT_ONCE: atLeastOne(4, 64).describe('Parts of one multipart upload that are pushed at the same time'),
  PUSH_BYTES_PER_SECOND: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Bytes a second that are pushed to a location; 0: as much as goes'),
  UNKNOWN_OUTCOME_SECONDS: z.coerce
    .number()
    .min(0)
    .max(3_600)
    .default(60)
    .describe("The connector's own time-out: a push without an answer is looked for no earlier than that"),
  ABANDON_STAGED_SECONDS: atLeastOne(86_400, 30 * 86_400).describe(
    'Staged bytes that no upload was completed with are dropped after so long; longer than any upload takes',
  ),
});
export type ReplicationEnv = z.infer<typeof replicationEnv>;
