import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LocalFolder, Secrets } from './local-folder.js';
import { ServerProcess } from './servers/server-process.js';
import type { PortName } from './settings.js';

export interface StackAddresses {
  ports: Record<PortName, number>;
  mongodbUrl: string;
  kafkaBrokers: string[];
}

export interface ServiceOptions extends StackAddresses {
  /** Of the clone. */
  root: string;
  /** Networks that endpoints may be in, beside public ones; loopback when none are given. */
  allowNetworks?: string;
  folder: LocalFolder;
  logLevel: string;
  onSpawn?(pid: number): void;
  /** Before every topic and consumer group; none when it is not given. */
  topicPrefix?: string;
  /** Added to a service's environment. */
  environment?: Partial<Record<ServiceName, Environment>>;
  /** Processes of a service beside its first one, by their ports: they share its work. */
  morePorts?: Partial<Record<ServiceName, readonly number[]>>;
  /** For Node itself; those of this process when none are given. */
  nodeFlags?: readonly string[];
}

export type ServiceName = 'config' | 'metadata' | 'poller' | 'replication' | 'gateway';
type Environment = Record<string, string>;

const host = '127.0.0.1';
/** A service has 10 s to end; what it says in its last moment still counts. */
const stopTimeoutMs = 10_000;
// The guard refuses loopback and private networks unless told so; the stand-in connector is on loopback.
const endpointGuard = { ENDPOINT_ALLOW_NETWORKS: '127.0.0.0/8,::1/128' };

interface Service {
  readonly name: ServiceName;
  /** For Node itself, beside those of all. */
  readonly flags?: readonly string[];
  environment(options: ServiceOptions, secrets: Secrets): Environment;
}

/**
 * What lives for a moment, a batch or a page, outlives young collections, and a heap that may grow as far as the machine has
 * memory for is let grow fourfold before it is collected: metadata, 60 MiB of it alive, took 435 MiB, and only after 200,000
 * versions. Held to this it takes 200 MiB, with some more collecting.
 */
const boundedHeap = ['--max-old-space-size=512', '--max-semi-space-size=8'];

/** The services in the order of their start, each with what its environment has beyond what all share. */
const table: readonly Service[] = [
  {
    name: 'config',
    environment: ({ ports }, secrets) => ({
      ...endpointGuard,
      MASTER_KEY: secrets.masterKey,
      BOOTSTRAP_ADMIN_TOKEN: secrets.adminToken,
      POLLER_URL: urlOf(ports.poller),
      METADATA_URL: urlOf(ports.metadata),
      REPLICATION_URL: urlOf(ports.replication),
      LOCAL_STACK: 'true',
    }),
  },
  { name: 'metadata', flags: boundedHeap, environment: ({ ports }) => ({ CONFIG_URL: urlOf(ports.config) }) },
  { name: 'poller', environment: ({ ports }) => ({ ...endpointGuard, CONFIG_URL: urlOf(ports.config) }) },
  {
    name: 'replication',
    environment: ({ ports, folder }) => ({
      ...endpointGuard,
      CONFIG_URL: urlOf(ports.config),
      STAGING_URL: stagingUrl(folder),
    }),
  },
  {
    name: 'gateway',
    flags: boundedHeap,
    environment: ({ ports, folder }) => ({
      ...endpointGuard,
      CONFIG_URL: urlOf(ports.config),
      STAGING_URL: stagingUrl(folder),
    }),
  },
];

/** The services as processes that are not yet started, in the order in which they are. */
export function createServices(options: ServiceOptions): ServerProcess[] {
  const secrets = options.folder.secrets();
  const create = (name: ServiceName, port: number, label: string) => {
    const service = table.find((one) => one.name === name);
    const own = service?.environment(options, secrets);
    const { allowNetworks, environment: extra } = options;
    const allowed = allowNetworks !== undefined && { ENDPOINT_ALLOW_NETWORKS: allowNetworks };
    const environment = { ...sharedEnvironment(options, secrets), ...own, ...allowed, ...extra?.[name] };
    const nodeFlags = [...(options.nodeFlags ?? process.execArgv), ...(service?.flags ?? [])];
    return createService(name, port, label, { ...options, nodeFlags }, environment);
  };
  const first = table.map(({ name }) => create(name, options.ports[name], name));
  const more = table.flatMap(({ name }) =>
    (options.morePorts?.[name] ?? []).map((port, index) => create(name, port, `${name}-${index + 2}`)),
  );
  return [...first, ...more];
}

export function urlOf(port: number): string {
  return `http://${host}:${port}`;
}

/** Uploads wait in a directory that gateway and replication share. */
const stagingUrl = (folder: LocalFolder): string => pathToFileURL(folder.staging).href;

function createService(
  name: ServiceName,
  port: number,
  label: string,
  options: ServiceOptions,
  environment: Environment,
): ServerProcess {
  return new ServerProcess({
    name: label,
    port,
    command: process.execPath,
    args: [...(options.nodeFlags ?? []), join(options.root, 'services', name, 'dist', 'main.js')],
    env: { ...environment, PORT: String(port) },
    logFile: join(options.folder.logs, `${label}.log`),
    isReady: async () => (await fetch(`${urlOf(port)}/readyz`, { signal: AbortSignal.timeout(2000) })).ok,
    onSpawn: options.onSpawn,
    stopTimeoutMs,
  });
}

function sharedEnvironment(
  { mongodbUrl, kafkaBrokers, logLevel, topicPrefix }: ServiceOptions,
  secrets: Secrets,
): Environment {
  return {
    MONGODB_URL: mongodbUrl,
    KAFKA_BROKERS: kafkaBrokers.join(','),
    TOPIC_PREFIX: topicPrefix ?? '',
    SERVICE_TOKEN: secrets.serviceToken,
    HOST: host,
    LOG_LEVEL: logLevel,
  };
}
