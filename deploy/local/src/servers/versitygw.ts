import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { installVersitygw } from './install-versitygw.js';
import { freePort } from './ports.js';
import { runTool } from './run-tool.js';
import { ServerProcess } from './server-process.js';
import type { RunningServer, StartOptions } from './start-options.js';

export interface VersitygwOptions extends StartOptions {
  /** Of the owner; "owner" and "owner-secret" when none are given. */
  accessKeyId?: string;
  secretAccessKey?: string;
}

export interface RunningVersitygw extends RunningServer {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** A user who may do nothing until a bucket's policy names it. */
  createUser(accessKeyId: string, secretAccessKey: string): Promise<void>;
}

const host = '127.0.0.1';
const probeTimeoutMs = 2000;

/**
 * Starts versitygw, an S3 endpoint over plain files with users, bucket policies and paging faults of its own: a second
 * kind of connector, for tests only.
 */
export async function startVersitygw(options: VersitygwOptions): Promise<RunningVersitygw> {
  const command = await installVersitygw(options.report ?? (() => {}));
  const port = options.port ?? (await freePort());
  const endpoint = `http://${host}:${port}`;
  const { accessKeyId = 'owner', secretAccessKey = 'owner-secret' } = options;
  const server = new ServerProcess({
    port,
    name: 'versitygw',
    command,
    args: ['-q', '--keep-alive', '--port', `${host}:${port}`, ...(await folders(options.dataDir))],
    env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
    logFile: join(options.logDir ?? options.dataDir, 'versitygw.log'),
    isReady: () => saysReady(endpoint),
    onSpawn: options.onSpawn,
  });
  await server.start();
  const owner = ['-a', accessKeyId, '-s', secretAccessKey, '-er', endpoint];
  return Object.assign(server, {
    endpoint,
    region: 'us-east-1',
    accessKeyId,
    secretAccessKey,
    createUser: async (id: string, secret: string) => {
      await runTool({ command, install: '' }, ['admin', ...owner, 'create-user', '-a', id, '-s', secret, '-r', 'user']);
    },
  });
}

/** Users, old versions and objects each have a folder of their own. */
async function folders(dataDir: string): Promise<string[]> {
  const folder = join(dataDir, 'versitygw');
  const iam = join(folder, 'iam');
  const versions = join(folder, 'versions');
  const objects = join(folder, 'objects');
  for (const path of [iam, versions, objects]) await mkdir(path, { recursive: true });
  return ['--iam-dir', iam, '--health', '/health', 'posix', '--versioning-dir', versions, objects];
}

async function saysReady(endpoint: string): Promise<boolean> {
  const answer = await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(probeTimeoutMs) });
  return answer.ok;
}
