import { randomBytes } from 'node:crypto';
import { createLogger } from '@mirror/runtime';
import { type FreshDatabase, freshDatabase, freshName, testServers } from '@mirror/testing';
import { type ConfigEnv, readConfigEnv } from '../src/env.js';
import { type RunningConfig, startConfig } from '../src/start.js';
import { AnswerCheck } from './answer-check.js';
import { type Owner, startOwner } from './owner.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape; each was checked against the OpenAPI document
  readonly body: any;
  readonly text: string;
}

export interface CallOptions {
  /** The bootstrap admin's when none is given; null: no token. */
  readonly token?: string | null;
  readonly body?: unknown;
  readonly rawBody?: string;
}

/** A config service of its own, with its database and topics, called over real HTTP. */
export interface TestConfig {
  readonly env: ConfigEnv;
  readonly database: FreshDatabase;
  readonly service: RunningConfig;
  /** The replication service, of which nothing waits unless told otherwise. */
  readonly replication: Owner;
  /** Every log line there was. */
  readonly log: string[];
  /** What was called and how it was answered: for the test that all of the API was called. */
  readonly answers: AnswerCheck;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** With the service token. */
  internal(path: string, token?: string): Promise<Answer>;
  internalCall(method: string, path: string, body?: object, token?: string): Promise<Answer>;
  stop(): Promise<void>;
}

export async function startTestConfig(variables: Readonly<Record<string, string>> = {}): Promise<TestConfig> {
  const database = await freshDatabase('config');
  const replication = await startOwner(uploadsAre({}));
  const env = testEnv(database.url, { REPLICATION_URL: replication.url, ...variables });
  const log: string[] = [];
  const logger = createLogger('config', 'debug', { write: (line) => void log.push(line) });
  const service = await startConfig(env, { logger });
  const answers = await AnswerCheck.of(service.url);
  const ask = (method: string, path: string, options: CallOptions): Promise<Answer> =>
    request(service.url, method, path, { token: env.BOOTSTRAP_ADMIN_TOKEN ?? null, ...options });
  return {
    env,
    database,
    service,
    replication,
    log,
    answers,
    call: async (method, path, options = {}) => {
      const answer = await ask(method, path, options);
      answers.check(method, path, answer);
      return answer;
    },
    internal: (path, token = env.SERVICE_TOKEN) => ask('GET', `/internal/v1/${path}`, { token }),
    internalCall: (method, path, body, token = env.SERVICE_TOKEN) =>
      ask(method, `/internal/v1/${path}`, { token, body }),
    stop: async () => {
      await service.stop();
      await replication.stop();
      await database.drop();
    },
  };
}

/** What the replication service says of every mirror. */
export function uploadsAre(figures: { waiting?: number; failed?: number; lastError?: object | null }) {
  const { waiting = 0, failed = 0, lastError = null } = figures;
  return (path: string): object | undefined => {
    if (path.endsWith('/uploads/close')) return { waiting: waiting + failed };
    if (path.endsWith('/uploads/reopen')) return {};
    if (!path.endsWith('/uploads')) return undefined;
    return { waiting, waitingBytes: 10 * waiting, oldestAgeSeconds: waiting > 0 ? 1.5 : null, failed, lastError };
  };
}

/** Random secrets, loopback allowed, owners of status that are not there. */
export function testEnv(mongodbUrl: string, variables: Readonly<Record<string, string>> = {}): ConfigEnv {
  return readConfigEnv({
    MONGODB_URL: mongodbUrl,
    KAFKA_BROKERS: testServers().kafkaBrokers.join(','),
    TOPIC_PREFIX: `${freshName('config')}.`,
    SERVICE_TOKEN: randomBytes(24).toString('base64url'),
    MASTER_KEY: randomBytes(32).toString('base64'),
    BOOTSTRAP_ADMIN_TOKEN: randomBytes(24).toString('base64url'),
    ENDPOINT_ALLOW_NETWORKS: '127.0.0.0/8',
    POLLER_URL: 'http://127.0.0.1:9',
    METADATA_URL: 'http://127.0.0.1:9',
    REPLICATION_URL: 'http://127.0.0.1:9',
    PORT: '0',
    ...variables,
  });
}

async function request(url: string, method: string, path: string, options: CallOptions): Promise<Answer> {
  const { token, body, rawBody } = options;
  const sent = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(sent !== undefined && { 'content-type': 'application/json' }),
    },
    body: sent ?? null,
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}
