import { z } from 'zod';
import { FatalError } from './errors.js';

/** A port: 0 lets the system choose one. */
export const port = (standard: number) => z.coerce.number().int().min(0).max(65535).default(standard);

/** A secret of the environment. Its standard value is for the local stack only; see {@link refuseDefaultSecrets}. */
export const secret = () => z.string().min(16, 'a secret needs at least 16 characters');

/** Variables that every service reads. Each description becomes a row of the README's table. */
export const sharedEnv = {
  MONGODB_URL: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\//)
    .describe('MongoDB replica set, with the database in its path'),
  KAFKA_BROKERS: z
    .string()
    .min(1)
    .transform((list) => list.split(',').map((broker) => broker.trim()))
    .describe('Kafka brokers, `host:port`, separated by commas'),
  TOPIC_PREFIX: z
    .string()
    .regex(/^[a-zA-Z0-9._-]*$/)
    .default('')
    .describe('Put before every topic and consumer group'),
  KAFKA_COMPRESSION: z
    .enum(['none', 'gzip', 'zstd'])
    .default('none')
    .describe('Of produced messages: none on one host, zstd across a network'),
  KAFKA_SESSION_SECONDS: z.coerce
    .number()
    .int()
    .min(6)
    .max(1_800)
    .default(30)
    .describe(
      'How long Kafka waits for a process that died before it lets others read on; 6 is the least that brokers take',
    ),
  SERVICE_TOKEN: secret().describe('Bearer token of the internal API between services'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on'),
  LOCAL_STACK: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('`true` allows secrets that anybody could guess; never outside a local stack'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe level that is logged'),
};

const SECRET_NAMES = ['SERVICE_TOKEN', 'MASTER_KEY', 'BOOTSTRAP_ADMIN_TOKEN', 'HINTS_TOKEN'];

/** Reads a service's environment, once, at boot. Throws a FatalError with all faults, or for a secret that can be guessed. */
export function readServiceEnv<T extends z.ZodObject<typeof sharedEnv>>(
  schema: T,
  variables: Readonly<Record<string, string | undefined>>,
): z.infer<T> {
  const env = parseEnv(schema, variables);
  const secrets = SECRET_NAMES.filter((name) => variables[name]).map((name) => [name, variables[name] ?? '']);
  if (!env.LOCAL_STACK) refuseDefaultSecrets(Object.fromEntries(secrets));
  return env;
}

/** Parses the environment once, at boot. All faults are in one error, each naming its variable. */
export function parseEnv<T extends z.ZodObject>(
  schema: T,
  env: Readonly<Record<string, string | undefined>>,
): z.infer<T> {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new FatalError(`The environment is not usable:\n${faults.join('\n')}`, {
    code: 'ENV.INVALID',
    hint: 'The README lists every variable with its meaning and default.',
  });
}

const WELL_KNOWN = /^(change-?me|secret|password|default|example|admin|test)/i;

/** Outside the local stack nobody runs on a secret that anybody could guess. */
export function refuseDefaultSecrets(secrets: Readonly<Record<string, string>>): void {
  const bad = Object.entries(secrets).filter(([, value]) => WELL_KNOWN.test(value) || new Set(value).size < 6);
  if (bad.length === 0) return;
  throw new FatalError(`Default secrets are refused: ${bad.map(([name]) => name).join(', ')}`, {
    code: 'ENV.DEFAULT_SECRET',
    hint: 'Set each to random bytes, for example the output of `openssl rand -base64 32`.',
  });
}
