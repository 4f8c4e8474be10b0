import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { installMinio } from './install-minio.js';
import { freePort } from './ports.js';
import { ServerProcess } from './server-process.js';
import type { RunningServer, StartOptions } from './start-options.js';

export interface MinioOptions extends StartOptions {
  /** Of the root user; "connector" and "connector-secret" when none are given. */
  accessKeyId?: string;
  secretAccessKey?: string;
  /** Added to its environment: event notifications, for example. */
  env?: Record<string, string>;
}

export interface RunningMinio extends RunningServer {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

const host = '127.0.0.1';
const probeTimeoutMs = 2000;

/** Starts MinIO, the stand-in for S3 Connector; ready when it says so itself. */
export async function startMinio(options: MinioOptions): Promise<RunningMinio> {
  const command = await installMinio(options.report ?? (() => {}));
  const port = options.port ?? (await freePort());
  const endpoint = `http://${host}:${port}`;
  const { accessKeyId = 'connector', secretAccessKey = 'connector-secret' } = options;
  const folder = join(options.dataDir, 'minio');
  await mkdir(folder, { recursive: true });
  const server = new ServerProcess({
    port,
    name: 'MinIO',
    command,
    args: ['server', folder, '--address', `${host}:${port}`],
    env: { ...quietMinio, ...options.env, MINIO_ROOT_USER: accessKeyId, MINIO_ROOT_PASSWORD: secretAccessKey },
    logFile: join(options.logDir ?? options.dataDir, 'minio.log'),
    isReady: () => minioIsReady(endpoint),
    onSpawn: options.onSpawn,
  });
  await server.start();
  return Object.assign(server, {
    endpoint,
    region: 'us-east-1',
    accessKeyId,
    secretAccessKey,
  });
}

/** Nothing of its own on the network, and little beside what it is asked. */
export const quietMinio = {
  MINIO_BROWSER: 'off',
  MINIO_UPDATE: 'off',
  MINIO_CALLHOME_ENABLE: 'off',
  // Its walks through all objects, for usage figures that nobody reads here, take a twelfth of a processor.
  MINIO_SCANNER_SPEED: 'slowest',
};

export async function minioIsReady(endpoint: string): Promise<boolean> {
  const answer = await fetch(`${endpoint}/minio/health/ready`, { signal: AbortSignal.timeout(probeTimeoutMs) });
  return answer.ok;
}
