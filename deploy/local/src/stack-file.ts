import type { Connector } from './put-sample.js';

/** What `.local/stack.json` holds: all that a program needs to use the running stack. */
export interface StackFile {
  configUrl: string;
  gatewayUrl: string;
  /** Of the REST API, role admin. */
  token: string;
  /** Of the gateway: a writer's, for all buckets. */
  accessKeyId: string;
  secretAccessKey: string;
  kafka: string;
  mongodb: string;
  connector: Connector;
  mirroredBucket: string;
}

/** What a person sees when the stack is up: where it is, and three commands to try. */
export function welcome(stack: StackFile, stackPath: string, isOwn: boolean): string {
  const { mirroredBucket } = stack;
  const gateway = awsAt({ ...stack, endpoint: stack.gatewayUrl, region: 'us-east-1' });
  return `
The stack is up.

  config (REST API)     ${stack.configUrl}    token ${stack.token}
  gateway (S3)          ${stack.gatewayUrl}    keys ${stack.accessKeyId} / ${stack.secretAccessKey}
${sayConnector(stack.connector, isOwn)}
  Kafka                 ${stack.kafka}
  MongoDB               ${stack.mongodb}
  all of it             ${stackPath}

Try:

  1. The state of the mirror
     curl -s -H "Authorization: Bearer ${stack.token}" ${stack.configUrl}/v1/buckets/${mirroredBucket}/status

  2. The mirrored namespace, by S3
     ${gateway} s3 ls s3://${mirroredBucket}${isOwn ? '' : '/odd/'}

${isOwn ? compareBoth(stack) : uploadOne(stack, gateway)}

Ctrl-C stops everything. The data stays in .local.
`;
}

/** The secret of a connector of the user's own is on no screen. */
function sayConnector({ endpoint, accessKeyId, secretAccessKey, bucket }: Connector, isOwn: boolean): string {
  if (isOwn) return `  your connector        ${endpoint}    key ${accessKeyId}, bucket ${bucket}`;
  return `  stand-in connector    ${endpoint}    keys ${accessKeyId} / ${secretAccessKey}, bucket ${bucket}`;
}

const compareBoth = ({ mirroredBucket }: StackFile): string =>
  `  3. Both sides compared, version by version
     npm run compare -- --bucket ${mirroredBucket}`;

const uploadOne = ({ connector, mirroredBucket }: StackFile, gateway: string): string =>
  `  3. An upload straight to the connector, which shows up in the mirror a moment later
     echo hello | ${awsAt(connector)} s3 cp - s3://${connector.bucket}/hello.txt
     ${gateway} s3 ls s3://${mirroredBucket}/hello.txt`;

function awsAt({ endpoint, region, accessKeyId, secretAccessKey }: Omit<Connector, 'bucket'>): string {
  const keys = `AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`;
  return `${keys} aws --region ${region} --endpoint-url ${endpoint}`;
}
