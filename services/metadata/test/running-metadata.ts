import { randomUUID } from 'node:crypto';
import { type CloudEvent, type EventData, type EventType, type ObjectChanged, topics } from '@mirror/events';
import { EventProducer, KafkaConnection } from '@mirror/kafka';
import { Namespace, type VersionDocument } from '@mirror/namespace';
import { createLogger, parseEnv, type RunningService } from '@mirror/runtime';
import { freshDatabase, freshName, testServers, waitFor } from '@mirror/testing';
import { Kafka, logLevel, type Message } from 'kafkajs';
import { metadataEnv } from '../src/env.js';
import { startMetadata } from '../src/start.js';

const GROUPS = [
  'metadata',
  'metadata-dead-letters',
  'metadata-replication',
  'metadata-replication-dead-letters',
  'metadata-commands',
] as const;
const logger = createLogger('test', 'silent');

/** A metadata service with a database and topics of its own, spoken to by Kafka and by its internal API. */
export class TestMetadata {
  private readonly serviceToken = randomUUID();
  private service: RunningService | undefined;

  private constructor(
    private readonly database: Awaited<ReturnType<typeof freshDatabase>>,
    private readonly prefix: string,
    readonly namespace: Namespace,
    readonly kafka: KafkaConnection,
    private readonly producer: EventProducer,
  ) {}

  static async start(): Promise<TestMetadata> {
    const database = await freshDatabase('metadata');
    const prefix = `${freshName('metadata')}.`;
    const brokers = testServers().kafkaBrokers;
    const kafka = new KafkaConnection({ brokers, clientId: 'test', topicPrefix: prefix, compression: 'none', logger });
    await kafka.ensureTopics([topics.buckets, topics.commands]);
    await kafka.ensureTopics([topics.objectChanges], 'metadata');
    await kafka.ensureTopics([topics.replication], 'metadata-replication');
    const producer = new EventProducer(kafka);
    const metadata = new TestMetadata(database, prefix, new Namespace(database.db), kafka, producer);
    await metadata.startService();
    return metadata;
  }

  get db() {
    return this.database.db;
  }

  async startService(): Promise<void> {
    const env = {
      MONGODB_URL: this.database.url,
      KAFKA_BROKERS: testServers().kafkaBrokers.join(','),
      TOPIC_PREFIX: this.prefix,
      SERVICE_TOKEN: this.serviceToken,
      PORT: '0',
    };
    this.service = await startMetadata(parseEnv(metadataEnv, env), logger);
  }

  async stopService(): Promise<void> {
    await this.service?.stop();
    this.service = undefined;
  }

  async stop(): Promise<void> {
    await this.stopService();
    await this.producer.stop();
    await this.kafka.stop();
    await this.database.drop();
  }

  async mirror(type: 'BucketMirrored' | 'BucketDetached', bucket: string, mirrorId: string): Promise<void> {
    const state = {
      bucket,
      mirrorId,
      revision: nextTime(),
      location: 'ring',
      paused: false,
      resumeAt: null,
      createdAt: now(),
    };
    await this.producer.send(topics.buckets, [event(type, bucket, state)]);
  }

  /** Puts changes on their topic; does not wait. */
  async send(...events: CloudEvent[]): Promise<Readonly<Record<number, string>>> {
    return this.producer.send(topics.objectChanges, events);
  }

  /** Resolves when they are applied. */
  async publish(...events: CloudEvent[]): Promise<void> {
    const position = await this.send(...events);
    await waitFor(() => this.isApplied(position), { what: 'the changes to be applied', timeoutMs: 30_000 });
  }

  /** Says what became of operations, and resolves when it has been consumed. */
  async replicated(...events: CloudEvent[]): Promise<void> {
    await this.producer.send(topics.replication, events);
    await this.caughtUp();
  }

  /** Says commands, and resolves when they have been consumed. */
  async command(...events: CloudEvent[]): Promise<void> {
    await this.producer.send(topics.commands, events);
    await this.caughtUp();
  }

  /** Every group has consumed, and committed, whatever there is. */
  async caughtUp(): Promise<void> {
    const kafka = new Kafka({ brokers: testServers().kafkaBrokers, logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    const isBehind = async (group: string): Promise<boolean> => {
      const committed = await admin.fetchOffsets({
        groupId: this.kafka.groupName(group),
        topics: [this.topicOf(group)],
      });
      const ends = await admin.fetchTopicOffsets(this.topicOf(group));
      const partitions = committed[0]?.partitions ?? [];
      const offsetOf = (partition: number) =>
        Number(partitions.find((one) => one.partition === partition)?.offset ?? -1);
      return ends.some(({ partition, high }) => Number(high) > Math.max(0, offsetOf(partition)));
    };
    // In this order: a change makes a letter.
    for (const group of GROUPS) {
      await waitFor(async () => !(await isBehind(group)), { what: `${group} to catch up`, timeoutMs: 30_000 });
    }
    await admin.disconnect();
  }

  /** The service is stopped, every topic is read again from its start, and the service has done so. */
  async replayEverything(): Promise<void> {
    await this.stopService();
    const admin = new Kafka({ brokers: testServers().kafkaBrokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    // Each joins its group and fetches for five seconds: all at once.
    await Promise.all(
      GROUPS.map((group) =>
        admin.resetOffsets({ groupId: this.kafka.groupName(group), topic: this.topicOf(group), earliest: true }),
      ),
    );
    await admin.disconnect();
    await this.startService();
    await this.caughtUp();
  }

  /** Puts a message on the topic of changes as it is. */
  async sendRaw(message: Message): Promise<void> {
    const producer = new Kafka({ brokers: testServers().kafkaBrokers, logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    await producer.send({ topic: this.kafka.topicName(topics.objectChanges), messages: [message] });
    await producer.disconnect();
  }

  async get(path: string): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.service?.url}/internal/v1/${path}`, {
      headers: { authorization: `Bearer ${this.serviceToken}` },
    });
    return { status: response.status, body: await response.json() };
  }

  documents(mirrorId: string): Promise<VersionDocument[]> {
    return this.namespace
      .versions(mirrorId)
      .find({}, { sort: { _id: 1 } })
      .toArray();
  }

  async keys(mirrorId: string): Promise<string[]> {
    return (await this.documents(mirrorId)).map(({ _id }) => _id.k);
  }

  private topicOf(group: string): string {
    if (group === 'metadata-commands') return this.kafka.topicName(topics.commands);
    if (group === 'metadata') return this.kafka.topicName(topics.objectChanges);
    if (group === 'metadata-replication') return this.kafka.topicName(topics.replication);
    if (group === 'metadata-replication-dead-letters') {
      return this.kafka.deadLetterTopicName(topics.replication, 'metadata-replication');
    }
    return this.kafka.deadLetterTopicName(topics.objectChanges, 'metadata');
  }

  private async isApplied(position: Readonly<Record<number, string>>): Promise<boolean> {
    const document = await this.namespace.positions.findOne({ _id: this.kafka.topicName(topics.objectChanges) });
    return Object.entries(position).every(
      ([partition, next]) => Number(document?.next[partition] ?? -1) >= Number(next),
    );
  }
}

const now = () => new Date().toISOString();

export function event<T extends EventType>(type: T, subject: string, data: EventData<T>): CloudEvent<T> {
  return { id: randomUUID(), type, source: 'test', subject, time: now(), data };
}

let tick = 0n;
/** Of this second on the replica set's clock; later at each call. */
export function nextTime(): string {
  tick += 10n;
  return `${(BigInt(Math.floor(Date.now() / 1000)) << 32n) + tick}`;
}

/** Observed `daysAgo` (default now). */
export function changed(
  bucket: string,
  mirrorId: string,
  key: string,
  fields: Partial<ObjectChanged> = {},
  daysAgo = 0,
): CloudEvent<'ObjectChanged'> {
  const startedAt = `${BigInt(nextTime()) - (BigInt(daysAgo * 86_400) << 32n)}`;
  const data: ObjectChanged = {
    mirrorId,
    bucket,
    key,
    versionId: 'v1',
    kind: 'version',
    isLatest: true,
    place: 0,
    size: 3,
    etag: 'abc',
    lastModified: now(),
    storageClass: 'STANDARD',
    startedAt,
    endedAt: `${BigInt(startedAt) + 5n}`,
    ...fields,
  };
  return event('ObjectChanged', `${bucket}/${key}`, data);
}

export function command(
  type: 'RetryRequested' | 'DiscardRequested',
  bucket: string,
  mirrorId: string,
  failureIds: string[] | null,
  revision = nextTime(),
): CloudEvent {
  return event(type, bucket, { commandId: randomUUID(), revision, bucket, mirrorId, kind: 'event', failureIds });
}
