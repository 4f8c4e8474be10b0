import { parseArgs } from 'node:util';
import type { Side } from './list-versions.js';

export const usage = `Compares the version listings of two buckets: A, the mirror at the gateway, and B, its connector.

  npm run compare -- --bucket NAME [options]

Compared are keys, version ids, their order inside a key, latest flags, delete markers, sizes, ETags and times; with --deep
also what is in the versions. Where a
side lists its delete markers apart from the versions, the order of each kind is compared by itself, and that is said.

  --bucket NAME                 the mirrored bucket; B's bucket has the same name unless told otherwise
  --bucket-a, --bucket-b        a side's bucket
  --endpoint-a, --endpoint-b    a side's URL
  --region-a, --region-b        a side's signing region (us-east-1)
  --access-key-id-a, --access-key-id-b
  --secret-access-key-a, --secret-access-key-b
                                or SECRET_ACCESS_KEY_A, SECRET_ACCESS_KEY_B in the environment, which no \`ps\` shows
  --stack FILE                  where the defaults come from (.local/stack.json, written by npm start)
  --prefix TEXT                 only keys that begin so
  --max-keys N                  of a page (1000)
  --show N                      differences printed before they are only counted (50)
  --deep                        reads every version on both sides as well: bytes, content headers, metadata and tags
  --allow-empty                 two empty listings are equal
  --help

Exit code: 0 equal, 1 different, 2 could not compare.`;

const flags = {
  bucket: { type: 'string' },
  'bucket-a': { type: 'string' },
  'bucket-b': { type: 'string' },
  'endpoint-a': { type: 'string' },
  'endpoint-b': { type: 'string' },
  'region-a': { type: 'string' },
  'region-b': { type: 'string' },
  'access-key-id-a': { type: 'string' },
  'access-key-id-b': { type: 'string' },
  'secret-access-key-a': { type: 'string' },
  'secret-access-key-b': { type: 'string' },
  stack: { type: 'string', default: '.local/stack.json' },
  prefix: { type: 'string' },
  'max-keys': { type: 'string', default: '1000' },
  show: { type: 'string', default: '50' },
  deep: { type: 'boolean', default: false },
  'allow-empty': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

export interface Settings {
  readonly a: Side;
  readonly b: Side;
  readonly prefix: string | undefined;
  readonly maxKeys: number;
  readonly maxSamples: number;
  readonly deep: boolean;
  readonly allowEmpty: boolean;
}

export type Flags = ReturnType<typeof parseFlags>;

/** Throws where a flag is unknown or lacks its value. */
export function parseFlags(args: readonly string[]) {
  return parseArgs({ args: [...args], options: flags, allowPositionals: false }).values;
}

/** What of the local stack's file is used; each may be missing. */
interface Stack {
  gatewayUrl?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  mirroredBucket?: string;
  connector?: { endpoint?: string; region?: string; accessKeyId?: string; secretAccessKey?: string; bucket?: string };
}

/**
 * Flags win over the environment, and that over the local stack's file (`stackText`, null where there is none). All that
 * is missing is said in one error.
 */
export function readSettings(values: Flags, env: Env, stackText: string | null): Settings {
  const stack: Stack = stackText === null ? {} : JSON.parse(stackText);
  const connector = stack.connector ?? {};
  const bucketA = values['bucket-a'] ?? values.bucket ?? stack.mirroredBucket;
  // The stack's own mirrored bucket may have another name at the connector; any other is taken to have the same.
  const targetOfA = bucketA === stack.mirroredBucket ? connector.bucket : undefined;
  const a = {
    endpoint: values['endpoint-a'] ?? stack.gatewayUrl,
    region: values['region-a'] ?? 'us-east-1',
    bucket: bucketA,
    'access-key-id': values['access-key-id-a'] ?? stack.accessKeyId,
    'secret-access-key': values['secret-access-key-a'] ?? env.SECRET_ACCESS_KEY_A ?? stack.secretAccessKey,
  };
  const b = {
    endpoint: values['endpoint-b'] ?? connector.endpoint,
    region: values['region-b'] ?? connector.region ?? 'us-east-1',
    bucket: values['bucket-b'] ?? targetOfA ?? values.bucket ?? bucketA,
    'access-key-id': values['access-key-id-b'] ?? connector.accessKeyId,
    'secret-access-key': values['secret-access-key-b'] ?? env.SECRET_ACCESS_KEY_B ?? connector.secretAccessKey,
  };
  const missing = [...missingFlags(a, 'a'), ...missingFlags(b, 'b')];
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')} (see --help)`);
  return {
    a: toSide(a),
    b: toSide(b),
    prefix: values.prefix,
    maxKeys: positive('max-keys', values['max-keys']),
    maxSamples: positive('show', values.show),
    deep: values.deep,
    allowEmpty: values['allow-empty'],
  };
}

export type Env = Readonly<Record<string, string | undefined>>;

type SideFlags = Record<'endpoint' | 'region' | 'bucket' | 'access-key-id' | 'secret-access-key', string | undefined>;

function missingFlags(side: SideFlags, letter: 'a' | 'b'): string[] {
  return Object.entries(side).flatMap(([name, value]) => (value ? [] : [`--${name}-${letter}`]));
}

function toSide(side: SideFlags): Side {
  return {
    endpoint: side.endpoint ?? '',
    region: side.region ?? '',
    bucket: side.bucket ?? '',
    accessKeyId: side['access-key-id'] ?? '',
    secretAccessKey: side['secret-access-key'] ?? '',
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number from 1 on, not ${text}`);
  return value;
}
