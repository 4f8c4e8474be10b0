import type { Topic } from '@mirror/events';
import { type Logger, TransientError } from '@mirror/runtime';
import { type Admin, type ITopicConfig, Kafka, type RetryOptions } from 'kafkajs';
import { calmRequestQueue } from './calm-request-queue.js';
import { gatedSockets } from './gated-sockets.js';
import { kafkaLog, kafkaLogLevel } from './kafka-log.js';
import { atMost, retryUntilDone } from './retry.js';
import { deadLetterSettings, foreignSettings, topicSettings } from './topic-settings.js';
import { translateKafkaError } from './translate-kafka-error.js';
import { registerZstd } from './zstd-codec.js';

export interface KafkaOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Put before every topic and consumer group; may be empty. */
  readonly topicPrefix: string;
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** How long a group waits for a member that fell silent; default 30 s. A batch may take longer: heartbeats go on. */
  readonly sessionTimeoutMs?: number;
  readonly logger: Logger;
}

/** Variables that every service reads. */
export interface KafkaEnv {
  readonly KAFKA_BROKERS: readonly string[];
  readonly TOPIC_PREFIX: string;
  readonly KAFKA_COMPRESSION: KafkaOptions['compression'];
  readonly KAFKA_SESSION_SECONDS: number;
}

const SESSION_TIMEOUT_MS = 30_000;
const CONNECTION_TIMEOUT_MS = 3_000;
const DISCONNECT_TIMEOUT_MS = 3_000;
/** Short, for whoever calls decides whether to try again: a check answers soon, a creation of topics goes on. */
const ADMIN_RETRY = { retries: 2, initialRetryTime: 100, maxRetryTime: 500, factor: 0.2, multiplier: 2 };

/** As a service's environment says. */
export function connectKafka(env: KafkaEnv, clientId: string, logger: Logger): KafkaConnection {
  return new KafkaConnection({
    brokers: env.KAFKA_BROKERS,
    clientId,
    topicPrefix: env.TOPIC_PREFIX,
    compression: env.KAFKA_COMPRESSION,
    sessionTimeoutMs: env.KAFKA_SESSION_SECONDS * 1_000,
    logger,
  });
}

/** What a process knows of its Kafka: one for all its producers, consumers and state tables. It connects when asked to. */
export class KafkaConnection {
  readonly logger: Logger;
  #admin: Promise<Admin> | undefined;
  /** Of all admin connections, when everything is over. */
  readonly #adminEnd = new AbortController();
  readonly #stopping = new AbortController();

  constructor(readonly options: KafkaOptions) {
    this.logger = options.logger.child({ component: 'kafka' });
    registerZstd();
    calmRequestQueue();
  }

  topicName(topic: Topic): string {
    return `${this.options.topicPrefix}${topic.name}`;
  }

  groupName(service: string): string {
    return `${this.options.topicPrefix}zenko-mirror.${service}`;
  }

  /** For this library: of every consumer. */
  get session(): { readonly sessionTimeout: number; readonly heartbeatInterval: number } {
    const { sessionTimeoutMs = SESSION_TIMEOUT_MS } = this.options;
    return { sessionTimeout: sessionTimeoutMs, heartbeatInterval: sessionTimeoutMs / 10 };
  }

  /** Where a service puts what it can't apply of a topic. */
  deadLetterTopicName(topic: Topic, service: string): string {
    return `${this.topicName(topic)}.zenko-mirror.${service}.dlq`;
  }

  /**
   * Creates the topics that are missing and, where a service is named, its dead letter topic of each. Waits while Kafka is
   * away. PermanentError when the broker refuses a topic; TransientError 'KAFKA.STOPPED' after `stop()`.
   */
  async ensureTopics(topics: readonly Topic[], service?: string): Promise<void> {
    const wanted = topics.map((topic) => topicSettings(this.topicName(topic), topic));
    const deadLetters = topics.flatMap((topic) =>
      service === undefined ? [] : [deadLetterSettings(this.deadLetterTopicName(topic, service))],
    );
    await this.#ensure([...wanted, ...deadLetters]);
  }

  /** Creates a topic of somebody else's, by its whole name, if it is missing; waits and throws as `ensureTopics` does. */
  async ensureForeignTopic(topicName: string): Promise<void> {
    await this.#ensure([foreignSettings(topicName)]);
  }

  async #ensure(wanted: readonly ITopicConfig[]): Promise<void> {
    await retryUntilDone(
      () => this.withAdmin((admin) => createMissing(admin, wanted)),
      this.#stopping.signal,
      (err, waitMs) => this.logger.warn({ err, waitMs }, 'the topics could not be ensured, trying again'),
    );
  }

  /** Rejects with a TransientError while no broker answers. */
  async check(): Promise<void> {
    await this.withAdmin((admin) => admin.describeCluster());
  }

  /**
   * For this library. Each producer and consumer has a kafkajs instance of its own: one instance shares its committed
   * offsets between all its consumers of a group. The aborted signal closes its connections for good.
   */
  newKafka(retry: RetryOptions, signal: AbortSignal): Kafka {
    return new Kafka({
      brokers: [...this.options.brokers],
      clientId: this.options.clientId,
      retry,
      socketFactory: gatedSockets(signal),
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      logLevel: kafkaLogLevel(this.logger),
      logCreator: kafkaLog(this.logger),
    });
  }

  /** For this library. A failure throws the admin connection away, so that the next call has a fresh one. */
  async withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.#stopping.signal.aborted) throw this.#stopping.signal.reason;
    this.#admin ??= this.#connectAdmin();
    const current = this.#admin;
    try {
      return await work(await current);
    } catch (error) {
      if (this.#admin === current) this.#admin = undefined;
      void this.#disconnect(current);
      throw translateKafkaError(error);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new TransientError('The Kafka connection was stopped', { code: 'KAFKA.STOPPED' }));
    const admin = this.#admin;
    this.#admin = undefined;
    if (admin !== undefined) await this.#disconnect(admin);
    this.#adminEnd.abort();
  }

  async #connectAdmin(): Promise<Admin> {
    const admin = this.newKafka(ADMIN_RETRY, this.#adminEnd.signal).admin();
    await admin.connect();
    return admin;
  }

  #disconnect(admin: Promise<Admin>): Promise<void> {
    return atMost(
      DISCONNECT_TIMEOUT_MS,
      admin.then((connected) => connected.disconnect()),
    );
  }
}

async function createMissing(admin: Admin, wanted: readonly ITopicConfig[]): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const missing = wanted.filter(({ topic }) => !existing.has(topic));
  // Another service may create them at the same moment: kafkajs answers false then, which is as good.
  if (missing.length > 0) await admin.createTopics({ topics: missing });
}
