import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServers, startServers, startVersitygw } from '@mirror/local';
import type { ConnectorAddress } from '@mirror/testing';
import { type System, type SystemOptions, startSystem } from './system.js';

/** Servers and services of one program's own, on free ports, with data that is thrown away. */
export interface OwnStack {
  readonly servers: RunningServers;
  readonly system: System;
  /** The endpoint that was asked for. */
  readonly connector: ConnectorAddress;
  stop(): Promise<void>;
}

export interface OwnStackOptions extends Pick<SystemOptions, 'environment' | 'ports'> {
  /** Added to the stand-in connector's environment. */
  readonly connectorEnv?: Record<string, string>;
  /** 'minio' when not given. */
  readonly endpoint?: EndpointKind;
  readonly pollers?: number;
}

export const endpointKinds = ['minio', 'versitygw'] as const;
export type EndpointKind = (typeof endpointKinds)[number];

/** For programs outside of a test run: benchmarks and the acceptance run. */
export async function startOwnStack(
  report: (line: string) => void,
  { endpoint = 'minio', connectorEnv = {}, ...settings }: OwnStackOptions = {},
): Promise<OwnStack> {
  const folder = mkdtempSync(join(tmpdir(), 'mirror-own-stack-'));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', remove); // also the way out of Ctrl-C: the processes die with this one
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  report('Starting MongoDB, Kafka and the stand-in connector');
  const servers = await startServers({ dataDir: join(folder, 'servers'), report, minio: { env: connectorEnv } });
  const url = new URL(servers.mongodb.url);
  url.pathname = '/mirror';
  const versitygw =
    endpoint === 'versitygw' ? await startVersitygw({ dataDir: join(folder, 'servers'), report }) : undefined;
  report('Starting the services');
  const options = { mongodbUrl: url.href, kafkaBrokers: servers.kafka.brokers, topicPrefix: '', folder, ...settings };
  const system = await startSystem(options).catch(async (error: unknown) => {
    await versitygw?.stop();
    await servers.stop();
    throw error;
  });
  const stop = async () => {
    await system.stop();
    await versitygw?.stop();
    await servers.stop();
    remove();
  };
  return { servers, system, connector: addressOf(versitygw ?? servers.connector), stop };
}

function addressOf({ endpoint, region, accessKeyId, secretAccessKey }: ConnectorAddress): ConnectorAddress {
  return { endpoint, region, accessKeyId, secretAccessKey };
}
