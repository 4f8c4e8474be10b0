import { mkdir } from 'node:fs/promises';
import type { Report } from './install-cache.js';
import { installKafka } from './install-kafka.js';
import { installMinio } from './install-minio.js';
import { installMongodb } from './install-mongodb.js';
import { type RunningKafka, startKafka } from './kafka.js';
import { type MinioOptions, type RunningMinio, startMinio } from './minio.js';
import { type RunningMongo, startMongo } from './mongodb.js';
import { freePorts } from './ports.js';
import type { RunningServer, StartOptions } from './start-options.js';

export interface ServersOptions extends Omit<StartOptions, 'port'> {
  /** Free ones for what is not given. */
  ports?: { mongodb?: number; kafka?: number; minio?: number };
  minio?: Pick<MinioOptions, 'accessKeyId' | 'secretAccessKey' | 'env'>;
}

/** The two servers that the services run on. */
export interface RunningBackends {
  mongodb: RunningMongo;
  kafka: RunningKafka;
  /** Stops all; the data stays. */
  stop(): Promise<void>;
}

/** With `connector`, the stand-in for S3 Connector. */
export interface RunningServers extends RunningBackends {
  connector: RunningMinio;
}

/** Installs what is missing and starts all three side by side. When one fails, the others are stopped, then it throws. */
export async function startServers(options: ServersOptions): Promise<RunningServers> {
  const { ports = {}, minio, ...shared } = options;
  await installAll(shared, [installMinio, installKafka, installMongodb]);
  const [freeMongodb, freeKafka, freeMinio] = await freePorts(3);
  const [connector, kafka, mongodb] = await allOrNone([
    startMinio({ ...minio, ...shared, port: ports.minio ?? freeMinio }),
    startKafka({ ...shared, port: ports.kafka ?? freeKafka }),
    startMongo({ ...shared, port: ports.mongodb ?? freeMongodb }),
  ]);
  return { mongodb, kafka, connector, stop: () => stopAll([kafka, connector, mongodb]) };
}

/** The same without the stand-in connector: for one that is there already. */
export async function startBackends(options: Omit<ServersOptions, 'minio'>): Promise<RunningBackends> {
  const { ports = {}, ...shared } = options;
  await installAll(shared, [installKafka, installMongodb]);
  const [freeMongodb, freeKafka] = await freePorts(2);
  const [kafka, mongodb] = await allOrNone([
    startKafka({ ...shared, port: ports.kafka ?? freeKafka }),
    startMongo({ ...shared, port: ports.mongodb ?? freeMongodb }),
  ]);
  return { mongodb, kafka, stop: () => stopAll([kafka, mongodb]) };
}

/** Nothing is started before all is there: a missing tool is told at once, and not after minutes of compiling MinIO. */
async function installAll(
  { dataDir, report = () => {} }: Pick<StartOptions, 'dataDir' | 'report'>,
  installs: Array<(report: Report) => Promise<string>>,
): Promise<void> {
  refuseOtherPlatforms();
  await mkdir(dataDir, { recursive: true });
  await Promise.all(installs.map((install) => install(report)));
}

async function allOrNone<T extends readonly Promise<RunningServer>[]>(
  starting: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled<RunningServer>(starting);
  const failed = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  if (failed.length > 0) {
    await stopAll(settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
    throw failed.length === 1 ? failed[0] : new AggregateError(failed, failed.map((error) => error.message).join('\n'));
  }
  return Promise.all(starting);
}

/** What is downloaded is for Linux on x64. */
function refuseOtherPlatforms(): void {
  if (process.platform === 'linux' && process.arch === 'x64') return;
  const way = 'docker compose up -d --wait, then npm start -- --external-servers';
  throw new Error(`The servers run natively on Linux x64, not on ${process.platform} ${process.arch}. Here: ${way}`);
}

async function stopAll(servers: RunningServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}
