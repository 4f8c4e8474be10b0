import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { choosePorts } from './choose-ports.js';
import { ConfigApi } from './config-api.js';
import { LocalFolder, readJson, writeWhole } from './local-folder.js';
import { accessKeyFor, followSnapshot, mirrorBucket, sampleBucket, sampleLocation } from './mirror-bucket.js';
import { nameOfMirror, ownNetworks } from './own-connector.js';
import { ProcessRecord } from './process-record.js';
import { type Connector, putSample } from './put-sample.js';
import type { Report } from './servers/install-cache.js';
import type { ServerProcess } from './servers/server-process.js';
import { startBackends, startServers } from './servers/servers.js';
import { createServices, urlOf } from './services.js';
import type { PortName, Settings } from './settings.js';
import { type StackFile, welcome } from './stack-file.js';
import { Supervisor } from './supervisor.js';

const host = '127.0.0.1';
/** Given to the connector of docker-compose.yml; a connector that we start has a random secret. */
const composeKeys = { accessKeyId: 'connector', secretAccessKey: 'connector-secret' };

type Ports = Record<PortName, number>;

/** Servers and services of one clone, from the first start with its sample to the orderly end. */
export class LocalStack {
  readonly #folder: LocalFolder;
  readonly #record: ProcessRecord;
  readonly #supervisor: Supervisor;
  /** In the order in which they were started; stopped in the reverse one. */
  readonly #running: ServerProcess[] = [];
  #stopping = false;
  /** Only the launcher that owns the record may remove it. */
  #ownsRecord = false;

  constructor(
    private readonly root: string,
    private readonly settings: Settings,
    private readonly report: Report,
  ) {
    const { ownConnector } = settings;
    this.#folder = new LocalFolder(
      join(root, '.local'),
      ownConnector === null ? undefined : nameOfMirror(ownConnector),
    );
    this.#record = new ProcessRecord(this.#folder.processFile);
    this.#supervisor = new Supervisor(report);
  }

  /** Settles when the bucket is mirrored, or when `stop` was called meanwhile. */
  async start(): Promise<void> {
    await this.#takeOver();
    const ports = await choosePorts(this.settings);
    const connector = await this.#startServers(ports);
    const sample = this.#fillSample(connector);
    await Promise.all([sample, this.#startServices(ports)]);
    if (this.#stopping) return;
    const api = new ConfigApi(urlOf(ports.config), this.#folder.secrets().adminToken);
    const location = this.#isOwn ? connector.bucket : sampleLocation;
    const endpoint = await mirrorBucket(api, { location, connector }, this.report);
    await followSnapshot(api, connector.bucket, this.report, () => this.#stopping);
    if (this.#stopping) return;
    const stack = await this.#writeStackFile(api, ports, { ...connector, endpoint });
    this.report(welcome(stack, this.#folder.stackFile, this.#isOwn));
  }

  /** Ends the services one after the other, the last one started first, then the servers. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#supervisor.release();
    for (const child of this.#running.toReversed()) {
      this.report(`Stopping ${child.name}`);
      await child.stop();
    }
    if (this.#ownsRecord) this.#record.remove();
  }

  async #takeOver(): Promise<void> {
    const other = this.#record.runningLauncher();
    if (other !== null)
      throw new Error(`npm start runs already in this clone (pid ${other}). Stop it with: kill ${other}`);
    this.#ownsRecord = true;
    const ended = await this.#record.endLeftovers();
    if (ended > 0) this.report(`Ended ${ended} processes that an earlier start had left behind`);
    this.#record.write();
  }

  get #isOwn(): boolean {
    return this.settings.ownConnector !== null;
  }

  async #startServers(ports: Ports): Promise<Connector> {
    const { externalServers, ownConnector } = this.settings;
    const { connectorAccessKeyId: accessKeyId, connectorSecretAccessKey: secretAccessKey } = this.#folder.secrets();
    const keys = externalServers ? composeKeys : { accessKeyId, secretAccessKey };
    if (!externalServers) await this.#startOurs(ports, keys);
    return ownConnector ?? { endpoint: urlOf(ports.connector), region: 'us-east-1', ...keys, bucket: sampleBucket };
  }

  async #startOurs(ports: Ports, keys: typeof composeKeys): Promise<void> {
    const shared = {
      dataDir: this.#folder.data,
      logDir: this.#folder.logs,
      ports: { mongodb: ports.mongodb, kafka: ports.kafka, minio: ports.connector },
      report: this.report,
      onSpawn: (pid: number) => this.#record.add(pid),
    };
    if (this.#isOwn) {
      this.report('Starting MongoDB and Kafka');
      const { mongodb, kafka } = await startBackends(shared);
      for (const server of [mongodb, kafka]) this.#adopt(server);
      return;
    }
    this.report('Starting MongoDB, Kafka and the stand-in connector');
    const { mongodb, kafka, connector } = await startServers({ ...shared, minio: keys });
    for (const server of [mongodb, connector, kafka]) this.#adopt(server);
  }

  /** config first, for the others ask it while they start; they start side by side. */
  async #startServices(ports: Ports): Promise<void> {
    const services = createServices({
      root: this.root,
      folder: this.#folder,
      logLevel: this.settings.logLevel,
      ports,
      mongodbUrl: mongodbUrl(ports),
      kafkaBrokers: [`${host}:${ports.kafka}`],
      ...(this.#isOwn && { allowNetworks: ownNetworks }),
      onSpawn: (pid) => this.#record.add(pid),
    });
    const [config, ...others] = services;
    if (config === undefined || this.#stopping) return;
    this.report('Starting the services');
    await this.#startService(config);
    if (!this.#stopping) await Promise.all(others.map((service) => this.#startService(service)));
  }

  async #startService(service: ServerProcess): Promise<void> {
    this.#running.push(service); // before it is ready: a stop meanwhile must find it
    await service.start();
    this.#supervisor.watch(service);
  }

  #adopt(server: ServerProcess): void {
    this.#running.push(server);
    this.#supervisor.watch(server);
  }

  /** Only at the first start, or again when the first was interrupted; never a bucket of the user's own. */
  async #fillSample(connector: Connector): Promise<void> {
    if (this.#isOwn || existsSync(this.#folder.sampleFile)) return;
    this.report(`Filling bucket ${connector.bucket} of the stand-in connector with sample objects`);
    let shown = 0;
    await putSample(connector, this.settings.sampleVersions, (done, total) => {
      if (Math.floor((done * 4) / total) === shown) return;
      shown = Math.floor((done * 4) / total);
      this.report(`Sample: ${done} of ${total} requests done`);
    });
    writeFileSync(this.#folder.sampleFile, '');
  }

  async #writeStackFile(api: ConfigApi, ports: Ports, connector: Connector): Promise<StackFile> {
    const kept = readJson(this.#folder.stackFile) as Partial<StackFile> | null;
    const { accessKeyId, secretAccessKey } = await accessKeyFor(api, kept);
    const stack: StackFile = {
      configUrl: urlOf(ports.config),
      gatewayUrl: urlOf(ports.gateway),
      token: this.#folder.secrets().adminToken,
      accessKeyId,
      secretAccessKey,
      kafka: `${host}:${ports.kafka}`,
      mongodb: mongodbUrl(ports),
      connector,
      mirroredBucket: connector.bucket,
    };
    writeWhole(this.#folder.stackFile, stack);
    return stack;
  }
}

/** With the database in its path, as the services want it. */
function mongodbUrl(ports: Ports): string {
  return `mongodb://${host}:${ports.mongodb}/mirror?replicaSet=rs0`;
}
