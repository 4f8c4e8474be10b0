import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runClient } from '@mirror/testing';
import type { S3Access } from './system.js';

/** The aws command line with one endpoint's address and keys, and nothing of this machine's own configuration. */
export class AwsCli {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mirror-aws-'));

  constructor(private readonly access: S3Access) {
    const settings = ['[default]', `region = ${access.region}`, 's3 =', '  signature_version = s3v4'];
    writeFileSync(join(this.#folder, 'config'), `${[...settings, '  addressing_style = path'].join('\n')}\n`);
  }

  /** What it prints. Fails with what it says where it ends with another code than 0. */
  async run(...args: string[]): Promise<string> {
    const env = {
      HOME: this.#folder,
      LANG: 'C.UTF-8',
      AWS_CONFIG_FILE: join(this.#folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(this.#folder, 'credentials'),
      AWS_ACCESS_KEY_ID: this.access.accessKeyId,
      AWS_SECRET_ACCESS_KEY: this.access.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PAGER: '',
    };
    return String(await runClient('aws', ['--endpoint-url', this.access.endpoint, ...args], env));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface CurlAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Fetches a URL with curl. */
export async function curl(url: string, ...flags: string[]): Promise<CurlAnswer> {
  const args = ['-sS', '--max-time', '30', '-i', ...flags, url];
  const stdout = await runClient('curl', args);
  const end = stdout.indexOf('\r\n\r\n');
  const [first = '', ...lines] = stdout.subarray(0, end).toString('latin1').split('\r\n');
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers), body: stdout.subarray(end + 4) };
}
