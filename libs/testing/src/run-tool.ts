import { fileURLToPath } from 'node:url';
import { installBoto3 } from '@mirror/local';
import { type Client, runClient } from './run-client.js';

/** A bucket of an S3 endpoint, as a client's program is told of it. */
export interface ToolAccess {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const AWS_CONFIG = fileURLToPath(new URL('../aws.config', import.meta.url));

/** Runs a client and answers what it printed. */
export async function runTool(tool: Client, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  return String(await runClient(tool, args, env));
}

/** `aws …` against an endpoint. */
export function aws(access: ToolAccess, ...args: readonly string[]): Promise<string> {
  return runTool('aws', ['--endpoint-url', access.endpoint, ...args], {
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: AWS_CONFIG,
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    TZ: 'UTC',
    LC_ALL: 'C.UTF-8',
  });
}

/** `rclone …` with the endpoint as the remote `end:`, of a configuration that is in no file. */
export function rclone(access: ToolAccess, ...args: readonly string[]): Promise<string> {
  return runTool('rclone', args, {
    RCLONE_CONFIG: '',
    RCLONE_CONFIG_END_TYPE: 's3',
    RCLONE_CONFIG_END_PROVIDER: 'Other',
    RCLONE_CONFIG_END_ENDPOINT: access.endpoint,
    RCLONE_CONFIG_END_REGION: 'us-east-1',
    RCLONE_CONFIG_END_ACCESS_KEY_ID: access.accessKeyId,
    RCLONE_CONFIG_END_SECRET_ACCESS_KEY: access.secretAccessKey,
    TZ: 'UTC',
  });
}

/** `s3cmd …` against an endpoint. */
export function s3cmd(access: ToolAccess, ...args: readonly string[]): Promise<string> {
  const { host } = new URL(access.endpoint);
  const keys = [`--access_key=${access.accessKeyId}`, `--secret_key=${access.secretAccessKey}`];
  const address = ['--no-ssl', `--host=${host}`, `--host-bucket=${host}`, '--region=us-east-1'];
  return runTool('s3cmd', ['--config=/dev/null', ...keys, ...address, ...args], { TZ: 'UTC', LC_ALL: 'C.UTF-8' });
}

/** Runs a Python program with boto3; it finds the endpoint in `S3`, a client, and the bucket in `BUCKET`. */
export async function boto3(access: ToolAccess, program: string): Promise<string> {
  const folder = await installBoto3((line) => console.error(line));
  const client = [access.endpoint, access.accessKeyId, access.secretAccessKey].map((text) => JSON.stringify(text));
  const head = [
    'import boto3, os, json, hashlib',
    `S3 = boto3.client('s3', endpoint_url=${client[0]}, aws_access_key_id=${client[1]}, aws_secret_access_key=${client[2]}, region_name='us-east-1')`,
    `BUCKET = ${JSON.stringify(access.bucket)}`,
  ];
  const env = { PYTHONPATH: folder, AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };
  return runTool('python3', ['-c', [...head, program].join('\n')], env);
}

/** `curl --upload-file …`, signed by curl itself, which waits for 100 Continue. */
export function curlPut(access: ToolAccess, key: string, file: string): Promise<string> {
  const { endpoint, bucket, accessKeyId, secretAccessKey } = access;
  const signing = ['--aws-sigv4', 'aws:amz:us-east-1:s3', '--user', `${accessKeyId}:${secretAccessKey}`];
  const headers = ['-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD', '-H', 'Expect: 100-continue'];
  return runTool('curl', [
    '-sS',
    '--fail',
    '--upload-file',
    file,
    ...signing,
    ...headers,
    `${endpoint}/${bucket}/${key}`,
  ]);
}
