import { type CloudEvent, topics } from '@mirror/events';
import { EventConsumer, KafkaConnection } from '@mirror/kafka';
import { createLogger } from '@mirror/runtime';
import { testServers, waitFor } from '@mirror/testing';

/** The events on the topic of uploads, from its start, until there are `count` of the wanted ones. */
export async function uploadEvents(
  topicPrefix: string,
  isWanted: (event: CloudEvent) => boolean,
  count = 1,
): Promise<CloudEvent[]> {
  const logger = createLogger('test', 'silent');
  const { kafkaBrokers: brokers } = testServers();
  const connection = new KafkaConnection({ brokers, clientId: 'test', topicPrefix, compression: 'none', logger });
  const found: CloudEvent[] = [];
  const consumer = new EventConsumer({
    connection,
    service: 'reader',
    topics: [topics.uploads],
    apply: async ({ events }) => {
      found.push(...events.map(({ event }) => event).filter(isWanted));
      return [];
    },
  });
  try {
    await consumer.start();
    await waitFor(() => found.length >= count, { what: `${count} events of uploads`, timeoutMs: 30_000 });
    return found;
  } finally {
    await consumer.stop();
    await connection.stop();
  }
}
