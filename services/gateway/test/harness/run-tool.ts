import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** An S3 endpoint as a command line client is told of it. */
export interface ToolEndpoint {
  readonly url: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const INSTALL: Readonly<Record<string, string>> = {
  aws: 'apt-get install awscli (or pip install awscli)',
  curl: 'apt-get install curl',
};
const AWS_CONFIG = fileURLToPath(new URL('aws.config', import.meta.url));
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs a client and answers what it printed. A client that is not installed is an error that says how to get it. */
export function runTool(
  tool: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: MAX_OUTPUT_BYTES };
    execFile(tool, [...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const isMissing = 'code' in error && error.code === 'ENOENT';
      reject(
        isMissing ? new Error(`${tool} is not installed: ${INSTALL[tool]}`) : new Error(`${error.message}\n${stderr}`),
      );
    });
  });
}

/** `aws …` against an endpoint, with nothing of the machine's own configuration. */
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
