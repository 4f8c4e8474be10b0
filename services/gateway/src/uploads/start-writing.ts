import type { ConfigClient } from '@mirror/config-client';
import { topics } from '@mirror/events';
import { EventProducer, type KafkaConnection } from '@mirror/kafka';
import type { Namespace } from '@mirror/namespace';
import { Outbox, OutboxRelay } from '@mirror/outbox';
import type { Logger } from '@mirror/runtime';
import { openStaging, StagingIntents } from '@mirror/staging';
import type { GatewayEnv } from '../env.js';
import type { Writing } from '../operations/operation.js';
import { abandonedUploads } from './abandon-uploads.js';
import { Acceptance } from './acceptance.js';
import { AcceptanceGate } from './acceptance-gate.js';
import { MultipartUploads } from './multipart-uploads.js';

/** Name of this service's own outbox: the config service has one in the same database. */
const OUTBOX = 'gatewayOutbox';

export interface WritingNeeds {
  readonly namespace: Namespace;
  readonly kafka: KafkaConnection;
  readonly config: ConfigClient;
  readonly logger: Logger;
}

/** What is accepted is said by an outbox, whose relay brings the events to Kafka: uploads go on while Kafka is away. */
export async function startWriting(
  env: GatewayEnv,
  { namespace, kafka, config, logger }: WritingNeeds,
): Promise<{ readonly writing: Writing; readonly stop: () => Promise<void> }> {
  const { db } = namespace;
  const staging = await openStaging(env.STAGING_URL, env);
  const intents = new StagingIntents(db);
  const outbox = new Outbox(db, OUTBOX);
  const uploads = new MultipartUploads(db);
  await Promise.all([namespace.prepareUploads(), intents.init(), outbox.init(), uploads.init()]);
  const producer = new EventProducer(kafka);
  await producer.start();
  const relay = new OutboxRelay({ db, producer, logger, topics: [topics.uploads], name: OUTBOX });
  relay.start();
  const gate = new AcceptanceGate(kafka, namespace, logger);
  gate.start();
  const acceptance = new Acceptance(namespace, staging, intents, gate, { outbox, nudge: () => relay.nudge() });
  const abandoned = abandonedUploads(acceptance, uploads, env.MULTIPART_LIFETIME_SECONDS, logger);
  abandoned.start();
  return {
    writing: { acceptance, staging, uploads, config },
    stop: async () => {
      await abandoned.stop();
      await gate.stop();
      await relay.stop();
      await producer.stop();
      staging.close();
    },
  };
}
