import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { S3Client } from '@aws-sdk/client-s3';
import {
  ConfigApi,
  createServices,
  freePorts,
  LocalFolder,
  type ServerProcess,
  type ServiceName,
  urlOf,
} from '@mirror/local';
import { type ConnectorAddress, waitFor } from '@mirror/testing';

export interface SystemOptions {
  /** Names the system's own database. */
  readonly mongodbUrl: string;
  readonly kafkaBrokers: readonly string[];
  readonly topicPrefix: string;
  /** The system's own, for logs and secrets. */
  readonly folder: string;
  /** Added to a service's environment. */
  readonly environment?: Partial<Record<ServiceName, Record<string, string>>>;
  readonly logLevel?: string;
  /** One when it is not given. */
  readonly pollers?: number;
  /** One when it is not given. */
  readonly replications?: number;
  /** Where somebody has to be told beforehand where a service will be; the others get free ones. */
  readonly ports?: Partial<Record<ServiceName, number>>;
}

export interface S3Access extends ConnectorAddress {
  readonly bucket: string;
}

/** What the tests look at in a mirror's status. */
export interface Status {
  state: string;
  mirrorId: string;
  versions: Record<'mirrored' | 'currentObjects' | 'deleteMarkers' | 'bytes', number | null>;
  snapshot: { completedAt: string | null; versionsListed: number | null; versionsPerSecond: number | null };
  lastFullPassAt: string | null;
  lastFullPassSeconds: number | null;
  removals: { candidates: number | null };
  uploads: { waiting: number; waitingBytes: number; oldestAgeSeconds: number | null; failed: number } | null;
  lastError: { code: string; detail: string; at: string } | null;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * The services as real processes on free ports, ready. They run what was built last: `npm test` and `npm run bench`
 * build first.
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const folder = new LocalFolder(options.folder);
  const { pollers = 1, replications = 1 } = options;
  const [gateway = 0, config = 0, poller = 0, metadata = 0, replication = 0, ...more] = await freePorts(
    3 + pollers + replications,
  );
  const morePorts = { poller: more.slice(0, pollers - 1), replication: more.slice(pollers - 1) };
  const ports = {
    gateway,
    config,
    poller,
    metadata,
    replication,
    ...options.ports,
    connector: 0,
    kafka: 0,
    mongodb: 0,
  };
  const services = createServices({
    root,
    folder,
    ports,
    mongodbUrl: options.mongodbUrl,
    kafkaBrokers: [...options.kafkaBrokers],
    topicPrefix: options.topicPrefix,
    logLevel: options.logLevel ?? 'info',
    environment: options.environment,
    morePorts,
    // Not those of this process: in a test run they make libraries resolve to their sources.
    nodeFlags: ['--disable-warning=TimeoutNegativeWarning'],
  });
  const system = new System(services, folder, { gateway: urlOf(gateway), config: urlOf(config) });
  try {
    await system.start();
    return system;
  } catch (error) {
    await system.stop();
    throw error;
  }
}

export class System {
  readonly api: ConfigApi;

  constructor(
    private readonly services: readonly ServerProcess[],
    private readonly folder: LocalFolder,
    readonly urls: { readonly gateway: string; readonly config: string },
  ) {
    this.api = new ConfigApi(urls.config, this.adminToken);
  }

  /** Where uploads wait. */
  get stagingFolder(): string {
    return this.folder.staging;
  }

  get adminToken(): string {
    return this.folder.secrets().adminToken;
  }

  /** config first, for the others ask it while they start. */
  async start(): Promise<void> {
    const [config, ...others] = this.services;
    await config?.start();
    await Promise.all(others.map((service) => service.start()));
  }

  /** config last, for the others ask it until they end. */
  async stop(): Promise<void> {
    const [config, ...others] = this.services;
    await Promise.all(others.map((service) => service.stop()));
    await config?.stop();
  }

  service(name: ServiceName): ServerProcess {
    const service = this.services.find((candidate) => candidate.name === name);
    if (service === undefined) throw new Error(`no service ${name}`);
    return service;
  }

  /** All of them; the first is the one that the config service asks. */
  get pollers(): readonly ServerProcess[] {
    return this.services.filter(({ name }) => name.startsWith('poller'));
  }

  /** Likewise. */
  get replications(): readonly ServerProcess[] {
    return this.services.filter(({ name }) => name.startsWith('replication'));
  }

  logFile(name: ServiceName): string {
    return join(this.folder.logs, `${name}.log`);
  }

  /** Adds a location and a mirrored bucket, as a user would. */
  async mirror(bucket: string, connector: S3Access): Promise<void> {
    const location = `at-${bucket}`;
    await this.api.post('/v1/locations', locationOf(location, connector));
    await this.api.post('/v1/buckets', { name: bucket, locationConstraint: `${location}:ingest` });
  }

  async status(bucket: string): Promise<Status> {
    const status = await this.api.get<Status>(`/v1/buckets/${bucket}/status`);
    if (status === null) throw new Error(`${bucket} has no status`);
    return status;
  }

  /** Settles when the first snapshot is complete. */
  waitUntilLive(bucket: string, timeoutMs = 60_000): Promise<Status> {
    const live = async () => {
      const status = await this.status(bucket);
      return status.state === 'live' ? status : null;
    };
    return waitFor(live, { timeoutMs, intervalMs: 200, what: `${bucket} to be live` });
  }

  /** Keys of the gateway for all buckets. */
  async gatewayAccess(bucket: string, role: 'reader' | 'writer' = 'reader'): Promise<S3Access> {
    const key = await this.api.post<{ id: string; secretAccessKey: string }>('/v1/access-keys', { role, buckets: '*' });
    const { id: accessKeyId, secretAccessKey } = key;
    return { endpoint: this.urls.gateway, region: 'us-east-1', accessKeyId, secretAccessKey, bucket };
  }
}

/** A client set as S3 Connector wants it: no checksums that it did not ask for. @param maxAttempts The SDK's own when not given. */
export function s3Client({ endpoint, region, accessKeyId, secretAccessKey }: S3Access, maxAttempts?: number): S3Client {
  return new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    ...(maxAttempts !== undefined && { maxAttempts }),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

export function locationOf(name: string, connector: S3Access) {
  const { endpoint, bucket, accessKeyId, secretAccessKey, region } = connector;
  return {
    name,
    locationType: 'location-scality-ring-s3-v1',
    details: {
      endpoint,
      bucketName: bucket,
      accessKey: accessKeyId,
      secretKey: secretAccessKey,
      bucketMatch: true,
      region,
    },
  };
}
