import { createHash } from 'node:crypto';
import type { Connector } from './put-sample.js';

interface Flags {
  endpoint?: string | undefined;
  bucket?: string | undefined;
  region?: string | undefined;
}

const bucketPattern = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const accessKeyVariable = 'CONNECTOR_ACCESS_KEY_ID';
const secretKeyVariable = 'CONNECTOR_SECRET_ACCESS_KEY';

/** Beside public ones, the networks in which a connector of the user's own may be. */
export const ownNetworks = '127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7';

export const ownConnectorHelp = `
A bucket of your own connector, instead of the sample (nothing is put into it that no client puts there):
  --endpoint URL        of the connector: https://s3.ring.example, or 10.0.0.5:8000
  --bucket NAME         its bucket, with versioning enabled; mirrored under the same name
  --region NAME         us-east-1; that requests are signed for
  The keys are taken from ${accessKeyVariable} and ${secretKeyVariable}.
`;

/** Null when neither endpoint nor bucket is named. What is missing or wrong goes to `faults`. */
export function readOwnConnector(
  { endpoint = '', bucket = '', region = 'us-east-1' }: Flags,
  env: Record<string, string | undefined>,
  faults: string[],
): Connector | null {
  if (endpoint === '' && bucket === '') return null;
  const accessKeyId = env[accessKeyVariable] ?? '';
  const secretAccessKey = env[secretKeyVariable] ?? '';
  if (endpoint === '') faults.push('--bucket is of a connector: name its --endpoint, too');
  if (bucket === '') faults.push('--endpoint needs the --bucket to mirror');
  else if (!bucketPattern.test(bucket)) {
    faults.push(`--bucket takes 3 to 63 lowercase letters, digits and hyphens, not "${bucket}"`);
  }
  const unset = Object.entries({ [accessKeyVariable]: accessKeyId, [secretKeyVariable]: secretAccessKey });
  const names = unset.filter(([, value]) => value === '').map(([name]) => name);
  if (names.length > 0) faults.push(`set ${names.join(' and ')}: the keys of a user who may use the bucket`);
  return { endpoint, region, accessKeyId, secretAccessKey, bucket };
}

/** What keeps the data of one bucket's mirror apart from that of others, as a folder's name. */
export function nameOfMirror({ endpoint, bucket }: Connector): string {
  const digest = createHash('sha256').update(`${endpoint}\n${bucket}`).digest('hex');
  return `${bucket}-${digest.slice(0, 8)}`;
}
