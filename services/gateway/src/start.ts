import { CachedLookup, type CachedLookupOptions, ConfigClient } from '@mirror/config-client';
import { EndpointGuard, parseNetworks } from '@mirror/connector';
import { type LocationState, type MirrorState, topics } from '@mirror/events';
import { EventProducer, KafkaConnection, StateTable } from '@mirror/kafka';
import { Namespace, openMongo } from '@mirror/namespace';
import { Outbox, OutboxRelay } from '@mirror/outbox';
import { createMetrics, type Logger, type RunningService, TransientError } from '@mirror/runtime';
import { openStaging, StagingIntents } from '@mirror/staging';
import type { GatewayEnv } from './env.js';
import { GatewayModule } from './gateway.module.js';
import { listenS3 } from './listen-s3.js';
import { RequestServer } from './serve-request.js';
import { ConnectorClients } from './sources/connector-clients.js';
import { ServedBuckets } from './sources/served-buckets.js';
import { Acceptance } from './uploads/acceptance.js';
import { MultipartUploads } from './uploads/multipart-uploads.js';

const OUTBOX = 'gatewayOutbox';

/** A revoked key, and changed credentials whose event is late, hold no longer than 30 s. */
const LOOKUP: CachedLookupOptions = {
  foundMs: 25_000,
  missingMs: 5_000,
  maxEntries: 10_000,
  now: () => performance.now(),
};

/**
 * Starts the service. It listens at once, and answers S3 requests 503 until both state topics have been read to their end,
 * which is when this resolves.
 */
export async function startGateway(env: GatewayEnv, logger: Logger): Promise<RunningService> {
  const mongo = await openMongo(env.MONGODB_URL, 'gateway');
  const { kafka, buckets, locations } = stateTables(env, logger);
  const served = new ServedBuckets(buckets);
  const config = new ConfigClient(env.CONFIG_URL, env.SERVICE_TOKEN);
  const connectors = new ConnectorClients(
    new CachedLookup((name) => config.locationCredentials(name), LOOKUP),
    new EndpointGuard(parseNetworks(env.ENDPOINT_ALLOW_NETWORKS)),
  );
  const unsubscribe = locations.onChange(({ state }) => connectors.forget(state.name));
  const keys = new CachedLookup((id) => config.accessKey(id), LOOKUP);
  const namespace = new Namespace(mongo.db());
  const { writing, relay, producer } = await startWriting(env, logger, namespace, kafka, config);
  const sources = { buckets: served, namespace, connectors, writing, region: env.REGION };
  const readiness = [
    { name: 'mongodb', check: async () => void (await mongo.db().command({ ping: 1 })) },
    { name: 'staging', check: () => writing.staging.check() },
    { name: 'state-topics', check: async () => requireOpen(served) },
  ];
  const runtime = { logger, metrics: createMetrics('gateway'), readiness, serviceToken: env.SERVICE_TOKEN };
  const module = GatewayModule.register(runtime, new RequestServer(keys, sources, logger));
  const listening = await listenS3(module, logger, env.HOST, env.PORT);

  await Promise.all([buckets.start(), locations.start()]);
  served.open();

  return {
    url: listening.url,
    stop: async () => {
      await listening.close(); // what is in flight is answered first
      unsubscribe();
      connectors.stop();
      await Promise.all([buckets.stop(), locations.stop(), relay.stop()]);
      await producer.stop();
      writing.staging.close();
      await kafka.stop();
      await mongo.close();
    },
  };
}

/** What is accepted is said by this service's own outbox: its relay brings the events to Kafka. */
async function startWriting(
  env: GatewayEnv,
  logger: Logger,
  namespace: Namespace,
  kafka: KafkaConnection,
  config: ConfigClient,
) {
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
  const acceptance = new Acceptance(namespace, staging, intents, outbox, () => relay.nudge());
  return { writing: { acceptance, staging, uploads, config }, relay, producer };
}

function stateTables(env: GatewayEnv, logger: Logger) {
  const kafka = new KafkaConnection({
    brokers: env.KAFKA_BROKERS,
    clientId: 'gateway',
    topicPrefix: env.TOPIC_PREFIX,
    compression: env.KAFKA_COMPRESSION,
    logger,
  });
  const buckets = new StateTable<MirrorState>({
    connection: kafka,
    topic: topics.buckets,
    key: ({ bucket }) => bucket,
  });
  const locations = new StateTable<LocationState>({
    connection: kafka,
    topic: topics.locations,
    key: ({ name }) => name,
  });
  return { kafka, buckets, locations };
}

function requireOpen(served: ServedBuckets): void {
  if (!served.isOpen) throw new TransientError('The state topics are being read', { code: 'GATEWAY.STARTING' });
}
