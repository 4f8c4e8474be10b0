import { mkdir } from 'node:fs/promises';
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

/** The three servers that the services need. `connector` is the stand-in for S3 Connector. */
export interface RunningServers {
  mongodb: RunningMongo;
  kafka: RunningKafka;
  connector: RunningMinio;
  /** Stops all; the data stays. */
  stop(): Promise<void>;
}

/** Installs what is missing and starts all three side by side. When one fails, the others are stopped, then it throws. */
export async function startServers(options: ServersOptions): Promise<RunningServers> {
  refuseOtherPlatforms();
  const { ports = {}, minio, ...shared } = options;
  await mkdir(shared.dataDir, { recursive: true });
  const [freeMongodb, freeKafka, freeMinio] = await freePorts(3);
  // Nothing is started before all is there: a missing tool is told at once, and not after minutes of compiling MinIO.
  await Promise.all(
    [installMinio, installKafka, installMongodb].map((install) => install(shared.report ?? (() => {}))),
  );
  const starting = [
    startMinio({ ...minio, ...shared, port: ports.minio ?? freeMinio }),
    startKafka({ ...shared, port: ports.kafka ?? freeKafka }),
    startMongo({ ...shared, port: ports.mongodb ?? freeMongodb }),
  ] as const;
  const settled = await Promise.allSettled(starting);
  const failed = settled.filter((result) => result.status === 'rejected').map(({ reason }) => reason as Error);
  if (failed.length > 0) {
    await stopAll(settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
    throw failed.length === 1 ? failed[0] : new AggregateError(failed, failed.map((error) => error.message).join('\n'));
  }
  const [connector, kafka, mongodb] = await Promise.all(starting);
  return { mongodb, kafka, connector, stop: () => stopAll([kafka, connector, mongodb]) };
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
