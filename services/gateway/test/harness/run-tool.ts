import { fileURLToPath } from 'node:url';
import { type Client, runClient } from '@mirror/testing';

/** An S3 endpoint as a command line client is told of it. */
export interface ToolEndpoint {
  readonly url: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const AWS_CONFIG = fileURLToPath(new URL('aws.config', import.meta.url));

/** Runs a client and answers what it printed. */
export async function runTool(tool: Client, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  return String(await runClient(tool, args, env));
}

/** `aws …` against an endpoint. */
export function aws(endpoint: ToolEndpoint, ...args: readonly string[]): Promise<string> {
  return runTool('aws', ['--endpoint-url', endpoint.url, ...args], {
    AWS_ACCESS_KEY_ID: endpoint.accessKeyId,
    AWS_SECRET_ACCESS_KEY: endpoint.secretAccessKey,
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
export function rclone(endpoint: ToolEndpoint, ...args: readonly string[]): Promise<string> {
  return runTool('rclone', args, {
    RCLONE_CONFIG: '',
    RCLONE_CONFIG_END_TYPE: 's3',
    RCLONE_CONFIG_END_PROVIDER: 'Other',
    RCLONE_CONFIG_END_ENDPOINT: endpoint.url,
    RCLONE_CONFIG_END_REGION: 'us-east-1',
    RCLONE_CONFIG_END_ACCESS_KEY_ID: endpoint.accessKeyId,
    RCLONE_CONFIG_END_SECRET_ACCESS_KEY: endpoint.secretAccessKey,
    TZ: 'UTC',
  });
}

/** `s3cmd …` against an endpoint. */
export function s3cmd(endpoint: ToolEndpoint, ...args: readonly string[]): Promise<string> {
  const { host } = new URL(endpoint.url);
  const keys = [`--access_key=${endpoint.accessKeyId}`, `--secret_key=${endpoint.secretAccessKey}`];
  const address = ['--no-ssl', `--host=${host}`, `--host-bucket=${host}`, '--region=us-east-1'];
  return runTool('s3cmd', ['--config=/dev/null', ...keys, ...address, ...args], { TZ: 'UTC', LC_ALL: 'C.UTF-8' });
}
