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
export function welcome(stack: StackFile, stackPath: string): string {
  const { connector, mirroredBucket } = stack;
  const keys = (id: string, secret: string) => `AWS_ACCESS_KEY_ID=${id} AWS_SECRET_ACCESS_KEY=${secret}`;
  const gateway = `${keys(stack.accessKeyId, stack.secretAccessKey)} aws --region us-east-1 --endpoint-url ${stack.gatewayUrl}`;
  const origin = `${keys(connector.accessKeyId, connector.secretAccessKey)} aws --region ${connector.region} --endpoint-url ${connector.endpoint}`;
  return `
The stack is up.

  config (REST API)     ${stack.configUrl}    token ${stack.token}
  gateway (S3)          ${stack.gatewayUrl}    keys ${stack.accessKeyId} / ${stack.secretAccessKey}
  stand-in connector    ${connector.endpoint}    keys ${connector.accessKeyId} / ${connector.secretAccessKey}, bucket ${connector.bucket}
  Kafka                 ${stack.kafka}
  MongoDB               ${stack.mongodb}
  all of it             ${stackPath}

Try:

  1. The state of the mirror
     curl -s -H "Authorization: Bearer ${stack.token}" ${stack.configUrl}/v1/buckets/${mirroredBucket}/status

  2. The mirrored namespace, by S3
     ${gateway} s3 ls s3://${mirroredBucket}/odd/

  3. An upload straight to the connector, which shows up in the mirror a moment later
     echo hello | ${origin} s3 cp - s3://${connector.bucket}/hello.txt
     ${gateway} s3 ls s3://${mirroredBucket}/hello.txt

Ctrl-C stops everything. The data stays in .local.
`;
}
