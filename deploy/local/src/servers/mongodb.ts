import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { installMongodb } from './install-mongodb.js';
import { freePort } from './ports.js';
import { ServerProcess } from './server-process.js';
import type { RunningServer, StartOptions } from './start-options.js';

export interface RunningMongo extends RunningServer {
  /** Of the one-node replica set, so that transactions and change streams work. */
  url: string;
}

const host = '127.0.0.1';
const replicaSet = 'rs0';
const probeTimeoutMs = 2000;

/** Starts MongoDB as a replica set of one; ready when it takes writes. */
export async function startMongo(options: StartOptions): Promise<RunningMongo> {
  const command = await installMongodb(options.report ?? (() => {}));
  const port = options.port ?? (await freePort());
  const dbPath = join(options.dataDir, 'mongodb');
  await mkdir(dbPath, { recursive: true });
  const server = new ServerProcess({
    port,
    name: 'MongoDB',
    command,
    args: mongodArguments(dbPath, port),
    logFile: join(options.logDir ?? options.dataDir, 'mongodb.log'),
    isReady: () => becomePrimary(port),
    onSpawn: options.onSpawn,
  });
  await server.start();
  return Object.assign(server, {
    url: replicaSetUrl(port),
  });
}

export function replicaSetUrl(port: number): string {
  return `mongodb://${host}:${port}/?replicaSet=${replicaSet}`;
}

export function mongodArguments(dbPath: string, port: number): string[] {
  const listen = ['--bind_ip', host, '--port', String(port), '--nounixsocket'];
  // Half a gigabyte of cache, for the default, half of the machine's memory, would starve what runs beside it.
  return ['--dbpath', dbPath, ...listen, '--replSet', replicaSet, '--wiredTigerCacheSizeGB', '0.5', '--quiet'];
}

/** Makes it the primary of its replica set, whatever state it is found in; false while it is not yet. */
export async function becomePrimary(port: number): Promise<boolean> {
  const client = new MongoClient(`mongodb://${host}:${port}/`, {
    directConnection: true,
    serverSelectionTimeoutMS: probeTimeoutMs,
  });
  try {
    const admin = client.db('admin');
    const hello = await admin.command({ hello: 1 });
    if (hello.isWritablePrimary === true) return true;
    await configure(client, `${host}:${port}`);
    return false;
  } finally {
    await client.close();
  }
}

async function configure(client: MongoClient, member: string): Promise<void> {
  const admin = client.db('admin');
  const members = [{ _id: 0, host: member }];
  const current = await admin.command({ replSetGetConfig: 1 }).catch(() => null); // fails before the first initiation
  if (current === null) {
    await admin.command({ replSetInitiate: { _id: replicaSet, members } });
  } else if (current.config.members[0].host !== member) {
    // Data of an earlier run on another port: the set still knows itself by the old address.
    const config = { ...current.config, version: current.config.version + 1, members };
    await admin.command({ replSetReconfig: config, force: true });
  }
}
