import { parseEnv, port, refuseDefaultSecrets, secret, sharedEnv } from '@mirror/runtime';
import { z } from 'zod';

const serviceUrl = (standard: string) =>
  z
    .url({ protocol: /^https?$/ })
    .default(standard)
    .transform((url) => url.replace(/\/+$/, ''));

/** Variables of the config service. Each description becomes a row of the README's table. */
export const configEnv = z.object({
  ...sharedEnv,
  PORT: port(4100).describe('Port to listen on'),
  MASTER_KEY: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, 'must be 32 bytes in base64, as `openssl rand -base64 32` prints them')
    .describe('32 bytes in base64: wraps the keys that secrets are encrypted with'),
  BOOTSTRAP_ADMIN_TOKEN: secret()
    .optional()
    .describe('A bearer token of role admin that is not stored: makes the first tokens; unset it afterwards'),
  ENDPOINT_ALLOW_NETWORKS: z
    .string()
    .default('')
    .describe('Loopback and private networks in which endpoints may be, `10.0.0.0/8,::1/128`; empty: public ones only'),
  POLLER_URL: serviceUrl('http://127.0.0.1:4200').describe('The poller, asked for the state of mirrors'),
  METADATA_URL: serviceUrl('http://127.0.0.1:4300').describe('The metadata service, asked for the figures of mirrors'),
  REPLICATION_URL: serviceUrl('http://127.0.0.1:4400').describe(
    'The replication service, asked for the uploads of mirrors',
  ),
  LOCAL_STACK: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('`true` allows secrets that anybody could guess; never outside a local stack'),
});
export type ConfigEnv = z.infer<typeof configEnv>;

/** Reads the environment, once. FatalError with all faults; also for a secret that anybody could guess. */
export function readConfigEnv(variables: Readonly<Record<string, string | undefined>>): ConfigEnv {
  const env = parseEnv(configEnv, variables);
  if (!env.LOCAL_STACK) {
    const { MASTER_KEY, SERVICE_TOKEN, BOOTSTRAP_ADMIN_TOKEN } = env;
    refuseDefaultSecrets({ MASTER_KEY, SERVICE_TOKEN, ...(BOOTSTRAP_ADMIN_TOKEN && { BOOTSTRAP_ADMIN_TOKEN }) });
  }
  return env;
}
