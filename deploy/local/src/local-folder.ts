import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Made once a clone and kept: a second start reads what the first one encrypted. */
export interface Secrets {
  masterKey: string;
  serviceToken: string;
  adminToken: string;
  connectorAccessKeyId: string;
  connectorSecretAccessKey: string;
}

/**
 * The folder `.local` of a clone: data, logs, secrets and addresses of its stack. Git ignores it. The data of each `mirror`
 * of the user's own is apart, and so is the sample's, which has no name.
 */
export class LocalFolder {
  readonly data: string;
  readonly logs: string;
  readonly staging: string;
  readonly stackFile: string;
  readonly processFile: string;
  readonly sampleFile: string;

  constructor(
    readonly path: string,
    mirror?: string,
  ) {
    this.data = mirror === undefined ? join(path, 'data') : join(path, 'mirrors', mirror);
    this.logs = join(path, 'logs');
    this.staging = join(this.data, 'staging');
    this.stackFile = join(path, 'stack.json');
    this.processFile = join(path, 'processes.json');
    this.sampleFile = join(this.data, 'sample-complete');
    for (const folder of [this.data, this.logs, this.staging]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** The secrets of this clone, made at the first call. */
  secrets(): Secrets {
    const file = join(this.path, 'secrets.json');
    if (!existsSync(file)) writeWhole(file, newSecrets());
    return readJson(file) as Secrets;
  }
}

/** Writes a file that only this user may read, whole or not at all. */
export function writeWhole(file: string, content: unknown): void {
  const aside = `${file}.${process.pid}.tmp`;
  writeFileSync(aside, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(aside, file);
}

/** Null when the file is not there, or is not JSON. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

function newSecrets(): Secrets {
  return {
    masterKey: randomBytes(32).toString('base64'),
    serviceToken: randomBytes(24).toString('base64url'),
    adminToken: randomBytes(24).toString('base64url'),
    connectorAccessKeyId: 'connector',
    connectorSecretAccessKey: randomBytes(24).toString('base64url'),
  };
}
