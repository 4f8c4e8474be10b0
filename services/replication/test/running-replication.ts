import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GetObjectCommand, GetObjectTaggingCommand } from '@aws-sdk/client-s3';
import {
  createConnectorClient,
  EndpointGuard,
  type ListedVersion,
  listVersions,
  parseNetworks,
} from '@mirror/connector';
import { type EventData, type ReplicationCompleted, topics } from '@mirror/events';
import { EventConsumer, EventProducer, KafkaConnection } from '@mirror/kafka';
import { applyWrites, Namespace, readLogicalClock, recordPush, toTimestamp } from '@mirror/namespace';
import { createLogger, parseEnv, type RunningService } from '@mirror/runtime';
import { openStaging, type Staging, StagingIntents } from '@mirror/staging';
import {
  type CuttingProxy,
  type FreshBucket,
  type FreshDatabase,
  freshBucket,
  freshDatabase,
  freshName,
  startCuttingProxy,
  testServers,
  waitFor,
} from '@mirror/testing';
import { replicationEnv } from '../src/env.js';
import { startReplication } from '../src/start.js';
import { AcceptingClient } from './accepting-client.js';
import { type ConfigStub, startConfigStub } from './config-stub.js';

const logger = createLogger('test', process.env.TEST_LOG_LEVEL ?? 'silent');

/**
 * A replication service with everything of its own: database, topics, staging directory, a bucket of the connector behind a
 * proxy that cuts. Outcomes are recorded as the metadata service does.
 */
export class TestReplication {
  readonly mirrorId = randomUUID();
  readonly bucket = 'photos';
  readonly serviceToken = randomUUID();
  readonly completed: ReplicationCompleted[] = [];
  readonly failed: EventData<'ReplicationFailed'>[] = [];
  recordsOutcomes = true;
  #revision = 1;
  #service: RunningService | undefined;
  #recorder: EventConsumer | undefined;

  private constructor(
    readonly database: FreshDatabase,
    readonly target: FreshBucket,
    readonly proxy: CuttingProxy,
    readonly config: ConfigStub,
    readonly staging: Staging,
    readonly folder: string,
    readonly kafka: KafkaConnection,
    readonly producer: EventProducer,
    private readonly variables: Readonly<Record<string, string>>,
  ) {
    this.namespace = new Namespace(database.db);
    this.intents = new StagingIntents(database.db);
    const { namespace, intents } = this;
    this.client = new AcceptingClient({ namespace, staging, intents, producer }, this.mirrorId, this.bucket);
    const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
    this.#lister = createConnectorClient({ ...testServers().connector, bucket: target.bucket }, { guard });
  }
  readonly namespace: Namespace;
  readonly intents: StagingIntents;
  /** Writes through the gateway, so to say. */
  readonly client: AcceptingClient;
  readonly #lister: ReturnType<typeof createConnectorClient>;

  /** Ready to push: the state topics say that there is one mirror. */
  static async start(variables: Readonly<Record<string, string>> = {}): Promise<TestReplication> {
    const [database, target, proxy] = await Promise.all([
      freshDatabase('replication'),
      freshBucket(),
      startCuttingProxy(testServers().connector.endpoint),
    ]);
    const config = await startConfigStub(proxy.endpoint, target.bucket);
    const folder = await mkdtemp(join(tmpdir(), 'mirror-replication-'));
    const staging = await openStaging(pathToFileURL(folder).href);
    const topicPrefix = `${freshName('replication')}.`;
    const brokers = testServers().kafkaBrokers;
    const kafka = new KafkaConnection({ brokers, clientId: 'test', topicPrefix, compression: 'none', logger });
    await kafka.ensureTopics([topics.buckets, topics.locations, topics.commands, topics.uploads, topics.replication]);
    const producer = new EventProducer(kafka);
    const test = new TestReplication(database, target, proxy, config, staging, folder, kafka, producer, variables);
    await Promise.all([
      test.namespace.prepareUploads(),
      test.namespace.prepareMirror(test.mirrorId),
      test.intents.init(),
    ]);
    await test.sayMirror('BucketMirrored');
    await Promise.all([test.startService(), test.#startRecorder()]);
    return test;
  }

  /** @param changes Settings of this start alone. */
  async startService(changes: Readonly<Record<string, string>> = {}): Promise<void> {
    const env = {
      MONGODB_URL: this.database.url,
      KAFKA_BROKERS: testServers().kafkaBrokers.join(','),
      TOPIC_PREFIX: this.kafka.topicName(topics.buckets).replace(topics.buckets.name, ''),
      SERVICE_TOKEN: this.serviceToken,
      CONFIG_URL: this.config.url,
      ENDPOINT_ALLOW_NETWORKS: '127.0.0.0/8',
      STAGING_URL: pathToFileURL(this.folder).href,
      UNKNOWN_OUTCOME_SECONDS: '1',
      PORT: '0',
      ...this.variables,
      ...changes,
    };
    this.#service = await startReplication(parseEnv(replicationEnv, env), logger);
  }

  async stopService(): Promise<void> {
    await this.#service?.stop();
    this.#service = undefined;
  }

  async stop(): Promise<void> {
    await this.stopService();
    await this.#recorder?.stop();
    this.#lister.destroy();
    await this.producer.stop();
    await this.kafka.stop();
    await Promise.all([this.config.stop(), this.proxy.stop(), this.database.drop(), this.target.drop()]);
    await rm(this.folder, { recursive: true, force: true });
  }

  async sayMirror(type: 'BucketMirrored' | 'MirrorPaused' | 'MirrorResumed' | 'BucketDetached'): Promise<void> {
    const state = {
      bucket: this.bucket,
      mirrorId: this.mirrorId,
      revision: String(this.#revision++),
      location: 'ring',
      paused: type === 'MirrorPaused',
      resumeAt: null,
      createdAt: new Date().toISOString(),
    };
    const event = { id: randomUUID(), type, source: 'test', subject: this.bucket, time: state.createdAt, data: state };
    await this.producer.send(topics.buckets, [event]);
  }

  async command(type: 'RetryRequested' | 'DiscardRequested', failureIds: string[] | null): Promise<void> {
    const { bucket, mirrorId } = this;
    const data = {
      commandId: randomUUID(),
      revision: String(this.#revision++),
      mirrorId,
      bucket,
      kind: 'push' as const,
      failureIds,
    };
    const event = { id: data.commandId, type, source: 'test', subject: bucket, time: new Date().toISOString(), data };
    await this.producer.send(topics.commands, [event]);
  }

  /** The uploads topic is to be read again from its start; the service is stopped. */
  async replayUploads(): Promise<void> {
    const groupId = this.kafka.groupName('replication');
    const topic = this.kafka.topicName(topics.uploads);
    await this.kafka.withAdmin((admin) => admin.resetOffsets({ groupId, topic, earliest: true }));
  }

  /** Whether every event of the uploads topic was consumed. */
  async uploadsConsumed(): Promise<boolean> {
    const groupId = this.kafka.groupName('replication');
    const topic = this.kafka.topicName(topics.uploads);
    return this.kafka.withAdmin(async (admin) => {
      const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
      const ends = await admin.fetchTopicOffsets(topic);
      const offsets = new Map(committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
      return ends.every(({ partition, high }) => Number(high) <= Math.max(0, offsets.get(partition) ?? 0));
    });
  }

  /** Versions and delete markers at the connector, in listed order. */
  async listed(): Promise<ListedVersion[]> {
    const found: ListedVersion[] = [];
    for await (const { versions } of listVersions(this.#lister, this.target.bucket)) found.push(...versions);
    return found;
  }

  async read(key: string, versionId?: string) {
    const version = { Bucket: this.target.bucket, Key: key, VersionId: versionId };
    const { Body, ContentType, Metadata, CacheControl, ETag } = await this.target.s3.send(
      new GetObjectCommand(version),
    );
    const { TagSet = [] } = await this.target.s3.send(new GetObjectTaggingCommand(version));
    const tags = Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]));
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
    return { bytes, contentType: ContentType, metadata: Metadata, cacheControl: CacheControl, tags, etag: ETag };
  }

  /** Why nothing is pushed, as soon as the location says so. */
  locationError() {
    const lastError = async () => (await this.internal('GET', `mirrors/${this.mirrorId}/uploads`)).body.lastError;
    return waitFor(lastError, { what: 'the location to say what is wrong' });
  }

  /** The mirror learns of a version by a listing, as the metadata service applies it. */
  async observe(version: ListedVersion | undefined): Promise<void> {
    if (!version) throw new Error('there is no version to be observed');
    const { key, versionId, kind, size, etag, storageClass } = version;
    const facts = { kind, size, etag, storageClass, place: 0, lastModified: new Date(version.lastModified) };
    const at = toTimestamp(await readLogicalClock(this.namespace.db));
    const observed = { startedAt: at, endedAt: at };
    const write = { kind: 'put', id: { k: key, v: versionId }, facts, observed, described: null } as const;
    await applyWrites(this.namespace.versions(this.mirrorId), [write], false);
  }

  /** Every operation was done, and recorded. */
  async settled(timeoutMs = 15_000): Promise<void> {
    await waitFor(async () => (await this.pending()) === 0, { what: 'every operation to be recorded', timeoutMs });
  }

  pending(filter: object = {}): Promise<number> {
    return this.namespace.pendingOperations.countDocuments(filter);
  }

  async stagedFiles(): Promise<string[]> {
    return (await readdir(this.folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  }

  async internal(method: 'GET' | 'POST', path: string) {
    const response = await fetch(`${this.#service?.url}/internal/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.serviceToken}` },
    });
    // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
    return { status: response.status, body: (await response.json()) as any };
  }

  /** What the metadata service does. */
  async #startRecorder(): Promise<void> {
    this.#recorder = new EventConsumer({
      connection: this.kafka,
      service: 'recorder',
      topics: [topics.replication],
      apply: async ({ events }) => {
        for (const { event } of events) {
          if (event.type === 'ReplicationFailed') this.failed.push(event.data as EventData<'ReplicationFailed'>);
          if (event.type !== 'ReplicationCompleted') continue;
          const data = event.data as ReplicationCompleted;
          this.completed.push(data);
          if (this.recordsOutcomes) await recordPush(this.namespace, data);
        }
        return [];
      },
    });
    await this.#recorder.start();
  }
}
