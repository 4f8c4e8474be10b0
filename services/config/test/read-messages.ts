import { randomUUID } from 'node:crypto';
import type { Topic } from '@mirror/events';
import { waitFor } from '@mirror/testing';
import { Kafka, logLevel } from 'kafkajs';
import type { ConfigEnv } from '../src/env.js';

export interface Message {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: an event's data, compared in a test
  readonly value: any;
}

type Where = Pick<ConfigEnv, 'KAFKA_BROKERS' | 'TOPIC_PREFIX'>;

/** All that is on these topics once there are so many, read by kafkajs alone, in order within a topic. */
export async function readMessages(where: Where, topics: readonly Topic[], atLeast: number): Promise<Message[]> {
  const kafka = new Kafka({ brokers: where.KAFKA_BROKERS, clientId: 'test', logLevel: logLevel.NOTHING });
  const names = topics.map(({ name }) => `${where.TOPIC_PREFIX}${name}`);
  const expected = await countMessages(kafka, names, atLeast);
  const followed = await follow(kafka, where, names);
  const { messages } = followed;
  await waitFor(() => messages.length >= expected, { what: `${expected} messages`, timeoutMs: 30_000 });
  await followed.stop();
  return messages;
}

/** Messages as they come, for a test that looks more than once: joining a group takes seconds. */
export interface FollowedMessages {
  /** In order within a topic; grows. */
  readonly messages: Message[];
  stop(): Promise<void>;
}

export async function followMessages(where: Where, topics: readonly Topic[]): Promise<FollowedMessages> {
  const kafka = new Kafka({ brokers: where.KAFKA_BROKERS, clientId: 'test', logLevel: logLevel.NOTHING });
  const names = topics.map(({ name }) => `${where.TOPIC_PREFIX}${name}`);
  await countMessages(kafka, names, 1); // the relay has made the topics
  return follow(kafka, where, names);
}

async function follow(kafka: Kafka, where: Where, names: readonly string[]): Promise<FollowedMessages> {
  const messages: Message[] = [];
  // A fetch that waits for messages is waited for by the disconnect.
  const consumer = kafka.consumer({ groupId: `${where.TOPIC_PREFIX}test-${randomUUID()}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topics: [...names], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
      messages.push({
        key: String(message.key),
        headers: Object.fromEntries(headers),
        value: JSON.parse(String(message.value)),
      });
    },
  });
  return { messages, stop: () => consumer.disconnect() };
}

/** Waits until there are so many, for joining a group takes seconds; answers how many there are. */
async function countMessages(kafka: Kafka, names: readonly string[], atLeast: number): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  const counted = await waitFor(
    async () => {
      const ends = await Promise.all(names.map((name) => admin.fetchTopicOffsets(name)));
      const count = ends.flat().reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
      return count >= atLeast && count;
    },
    { what: `${atLeast} messages on ${names.join(', ')}`, timeoutMs: 60_000 },
  );
  await admin.disconnect();
  return counted;
}
