import { type CloudEvent, type LocationState, topics } from '@mirror/events';
import { EventConsumer, type KafkaConnection } from '@mirror/kafka';
import { createLogger } from '@mirror/runtime';
import type { Db } from 'mongodb';
import type { Outbox } from '../src/index.js';

export const quiet = createLogger('test', process.env.TEST_LOG_LEVEL ?? 'silent');

export function locationUpdated(name: string, revision: number, region = 'us-east-1'): CloudEvent<'LocationUpdated'> {
  const data: LocationState = {
    name,
    revision: String(revision),
    locationType: 'location-scality-ring-s3-v1',
    details: { endpoint: 'http://127.0.0.1:8000', bucketName: 'photos', bucketMatch: true, region },
  };
  const time = '2026-01-02T03:04:05.678Z';
  return { id: `${name}-${revision}`, type: 'LocationUpdated', source: 'config', subject: name, time, data };
}

/** Adds an event in a transaction of its own; what `afterwards` throws aborts it. */
export async function commitEvent(db: Db, outbox: Outbox, event: CloudEvent, afterwards = () => {}): Promise<void> {
  await db.client.withSession((session) =>
    session.withTransaction(async () => {
      await outbox.add(session, topics.locations, event);
      afterwards();
    }),
  );
}

/** Fills up with what arrives on the topic of locations, from its beginning. */
export async function receive(
  connection: KafkaConnection,
  open: <T extends { stop(): Promise<void> }>(one: T) => T,
): Promise<CloudEvent[]> {
  const received: CloudEvent[] = [];
  const options = { connection, service: 'reader', topics: [topics.locations] };
  const apply = async ({ events }: { events: readonly { event: CloudEvent }[] }) => {
    received.push(...events.map(({ event }) => event));
    return [];
  };
  await open(new EventConsumer({ ...options, apply })).start();
  return received;
}
