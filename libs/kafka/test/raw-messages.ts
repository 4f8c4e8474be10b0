import { waitFor } from '@mirror/testing';
import { type Message as KafkaJsMessage, Partitioners } from 'kafkajs';
import type { KafkaConnection } from '../src/index.js';

const retry = { retries: 3 };
const { signal } = new AbortController();

/** Puts messages on a topic's first partition just as they are, as a foreign producer would. */
export async function sendRaw(
  connection: KafkaConnection,
  topicName: string,
  messages: readonly KafkaJsMessage[],
): Promise<void> {
  const producer = connection.newKafka(retry, signal).producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic: topicName, messages: messages.map((message) => ({ ...message, partition: 0 })) });
  await producer.disconnect();
}

export interface RawMessage {
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Everything that a topic holds now, by a consumer that shares no code with the library's. */
export async function readRaw(connection: KafkaConnection, topicName: string): Promise<RawMessage[]> {
  const ends = await connection.withAdmin((admin) => admin.fetchTopicOffsets(topicName));
  const expected = ends.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  const messages: RawMessage[] = [];
  const groupId = connection.groupName(`raw-${Math.random()}`);
  const consumer = connection.newKafka(retry, signal).consumer({ groupId, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topicName], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message: { offset, key, value, headers } }) => {
      const texts = Object.entries(headers ?? {}).map(([name, header]) => [name, String(header)]);
      messages.push({ partition, offset, key, value, headers: Object.fromEntries(texts) });
    },
  });
  await waitFor(() => messages.length >= expected, { what: `${expected} messages of ${topicName}`, timeoutMs: 20_000 });
  await consumer.disconnect();
  return messages;
}
