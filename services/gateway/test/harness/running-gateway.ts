import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeadBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { type CloudEvent, type EventType, type Topic, topics } from '@mirror/events';
import { EventProducer, KafkaConnection } from '@mirror/kafka';
import { Namespace } from '@mirror/namespace';
import { createLogger, parseEnv, type RunningService } from '@mirror/runtime';
import { type FreshDatabase, freshDatabase, freshName, testServers, waitFor } from '@mirror/testing';
import { gatewayEnv } from '../../src/env.js';
import { startGateway } from '../../src/start.js';
import { type ConfigKey, ConfigServer } from './config-server.js';

export const WRITER: ConfigKey = { id: 'WRITERKEY', secretAccessKey: 'writer-secret', role: 'writer', buckets: '*' };
export const READER: ConfigKey = { id: 'READERKEY', secretAccessKey: 'reader-secret', role: 'reader', buckets: '*' };

const SERVICE_TOKEN = 'a-token-between-services';

/** A gateway on a free port, with database and topics of its own, and real events that tell it of its buckets. */
export class RunningGateway {
  readonly config = new ConfigServer(SERVICE_TOKEN);
  readonly prefix = `${freshName('gateway')}.`;
  namespace!: Namespace;
  url = '';
  /** The directory that uploads are staged in. */
  staging = '';
  #database?: FreshDatabase;
  #kafka?: KafkaConnection;
  #producer?: EventProducer;
  #service: RunningService | undefined;
  #revision = 0;

  /** `changes` replace what a gateway is started with. @param mongo `host:port` of what stands before the database. */
  async start(changes: Readonly<Record<string, string>> = {}, mongo?: string): Promise<this> {
    this.#database = await freshDatabase('gateway');
    this.namespace = new Namespace(this.#database.db);
    for (const key of [WRITER, READER]) this.config.keys.set(key.id, key);
    const configUrl = await this.config.start();
    await this.#startProducer();
    this.staging = await mkdtemp(join(tmpdir(), 'gateway-staging-'));
    const env = parseEnv(gatewayEnv, {
      MONGODB_URL: mongo === undefined ? this.#database.url : direct(this.#database.url, mongo),
      KAFKA_BROKERS: testServers().kafkaBrokers.join(','),
      TOPIC_PREFIX: this.prefix,
      SERVICE_TOKEN,
      CONFIG_URL: configUrl,
      STAGING_URL: `file://${this.staging}`,
      PORT: '0',
      ENDPOINT_ALLOW_NETWORKS: '127.0.0.0/8',
      ...changes,
    });
    this.#service = await startGateway(env, createLogger('gateway', process.env.TEST_LOG_LEVEL ?? 'silent'));
    this.url = this.#service.url;
    return this;
  }

  /** Stops the service alone. */
  async stopService(): Promise<void> {
    await this.#service?.stop();
    this.#service = undefined;
  }

  async stop(): Promise<void> {
    await this.stopService();
    await this.#producer?.stop();
    await this.#kafka?.stop();
    await this.config.stop();
    await this.#database?.drop();
    await rm(this.staging, { recursive: true, force: true });
  }

  /** Names of the files in staging. */
  staged(): Promise<string[]> {
    return readdir(this.staging);
  }

  /** As if the service had consumed a topic to its end. Answers partition → offset. */
  async consumed(topic: Topic, service: string): Promise<ReadonlyMap<number, string>> {
    const kafka = this.#kafka;
    if (kafka === undefined) throw new Error('the gateway was not started');
    const ends = await kafka.withAdmin(async (admin) => {
      const offsets = await admin.fetchTopicOffsets(kafka.topicName(topic));
      const partitions = offsets.map(({ partition, high }) => ({ partition, offset: high }));
      await admin.setOffsets({ groupId: kafka.groupName(service), topic: kafka.topicName(topic), partitions });
      return partitions;
    });
    return new Map(ends.map(({ partition, offset }) => [partition, offset]));
  }

  /** Says that a location has these connector settings: to config's API, and as an event. */
  async setLocation(name: string, endpoint: string, bucketName: string): Promise<void> {
    const isNew = !this.config.locations.has(name);
    const { region, accessKeyId: accessKey, secretAccessKey: secretKey } = testServers().connector;
    const revision = this.#nextRevision();
    this.config.locations.set(name, { name, endpoint, region, bucketName, accessKey, secretKey, revision });
    const details = { endpoint, bucketName, bucketMatch: true, region };
    const locationType = 'location-scality-ring-s3-v1' as const;
    await this.#send(isNew ? 'LocationCreated' : 'LocationUpdated', name, { name, revision, locationType, details });
  }

  /** Mirrors a bucket, and waits until the gateway serves it. */
  async mirror(bucket: string, mirrorId: string, location: string): Promise<void> {
    await this.#sendMirror('BucketMirrored', bucket, mirrorId, location);
    await waitFor(() => this.#isServed(bucket), { what: `${bucket} to be served` });
  }

  async detach(bucket: string, mirrorId: string, location: string): Promise<void> {
    await this.#sendMirror('BucketDetached', bucket, mirrorId, location);
    await waitFor(async () => !(await this.#isServed(bucket)), { what: `${bucket} not to be served` });
  }

  client(key: ConfigKey = WRITER, options: Partial<S3ClientConfig> = {}): S3Client {
    return new S3Client({
      endpoint: this.url,
      region: 'us-east-1',
      credentials: { accessKeyId: key.id, secretAccessKey: key.secretAccessKey },
      forcePathStyle: true,
      maxAttempts: 1,
      ...options,
    });
  }

  async #startProducer(): Promise<void> {
    this.#kafka = new KafkaConnection({
      brokers: testServers().kafkaBrokers,
      clientId: 'gateway-test',
      topicPrefix: this.prefix,
      compression: 'none',
      logger: createLogger('test', 'silent'),
    });
    await this.#kafka.ensureTopics([topics.buckets, topics.locations]);
    this.#producer = new EventProducer(this.#kafka);
    await this.#producer.start();
  }

  async #isServed(bucket: string): Promise<boolean> {
    const client = this.client();
    try {
      await client.send(new HeadBucketCommand({ Bucket: bucket }));
      return true;
    } catch {
      return false;
    } finally {
      client.destroy();
    }
  }

  #sendMirror(type: 'BucketMirrored' | 'BucketDetached', bucket: string, mirrorId: string, location: string) {
    const createdAt = '2026-01-02T03:04:05.000Z';
    const state = {
      bucket,
      mirrorId,
      revision: this.#nextRevision(),
      location,
      paused: false,
      resumeAt: null,
      createdAt,
    };
    return this.#send(type, bucket, state);
  }

  async #send(type: EventType, subject: string, data: CloudEvent['data']): Promise<void> {
    const event: CloudEvent = { id: randomUUID(), type, source: 'test', subject, time: new Date().toISOString(), data };
    await this.#producer?.send(type.startsWith('Location') ? topics.locations : topics.buckets, [event]);
  }

  #nextRevision(): string {
    this.#revision += 1;
    return String(this.#revision);
  }
}

/** The same database at another address, which the driver does not leave for that of the replica set. */
function direct(url: string, address: string): string {
  const { pathname } = new URL(url);
  return `mongodb://${address}${pathname}?directConnection=true&serverSelectionTimeoutMS=500`;
}
