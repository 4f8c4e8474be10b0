import { randomUUID } from 'node:crypto';
import { CachedLookup, ConfigClient } from '@mirror/config-client';
import { EndpointGuard, parseNetworks } from '@mirror/connector';
import { type LocationState, type MirrorState, topics } from '@mirror/events';
import { EventConsumer, EventProducer, KafkaConnection, StateTable } from '@mirror/kafka';
import { Namespace, openMongo } from '@mirror/namespace';
import { createMetrics, type Logger, listen, type RunningService } from '@mirror/runtime';
import { CommandConsumer } from './consume-commands.js';
import type { PollerEnv } from './env.js';
import { MirroredBuckets } from './mirrored-buckets.js';
import { targetOfLocation } from './polled-target.js';
import { PollerModule } from './poller.module.js';
import { StatusEvents } from './publish-status.js';
import { PollerRegistry } from './state/poller-registry.js';
import { ProgressStore } from './state/progress-store.js';
import { RemovalLedger } from './state/removal-ledger.js';
import { SegmentStore } from './state/segment-store.js';
import { Removals } from './visit/believe-removals.js';
import { SegmentVisitor } from './visit/visit-segment.js';

/** HEAD requests a visit, to confirm removals. */
const MAX_REMOVAL_HEADS = 50;
const MAX_DESCRIBED_AT_ONCE = 64;

const CREDENTIALS_CACHE = { foundMs: 25_000, missingMs: 1_000, maxEntries: 1_000, now: () => performance.now() };

/** Starts the service: the state topics are read to their end before the first visit (rule R2). */
export async function startPoller(env: PollerEnv, logger: Logger): Promise<RunningService> {
  const guard = new EndpointGuard(parseNetworks(env.ENDPOINT_ALLOW_NETWORKS));
  const metrics = createMetrics('poller');
  const mongo = await openMongo(env.MONGODB_URL, 'poller');
  const namespace = new Namespace(mongo.db());
  const kafka = new KafkaConnection({
    brokers: env.KAFKA_BROKERS,
    clientId: 'poller',
    topicPrefix: env.TOPIC_PREFIX,
    compression: env.KAFKA_COMPRESSION,
    logger,
  });
  const producer = new EventProducer(kafka);
  const changesTopic = kafka.topicName(topics.objectChanges);

  const progress = new ProgressStore(mongo.db());
  const ledger = new RemovalLedger(mongo.db());
  const self = randomUUID();
  const registry = new PollerRegistry(mongo.db(), self);
  const segments = new SegmentStore(mongo, namespace, progress, self);
  const stores = { segments, ledger, progress };
  const suspicion = { share: env.REMOVAL_SHARE, floorVersions: env.REMOVAL_FLOOR_VERSIONS };
  const removalSettings = { delaySeconds: env.REMOVAL_DELAY_SECONDS, maxHeads: MAX_REMOVAL_HEADS, suspicion };
  const removals = new Removals(ledger, progress, segments, removalSettings, logger);
  const visitor = new SegmentVisitor(namespace, stores, removals, producer, {
    intervalMs: env.POLL_INTERVAL_MS,
    maxDescribed: MAX_DESCRIBED_AT_ONCE,
  });
  const status = new StatusEvents(producer);
  const buckets = new StateTable<MirrorState>({
    connection: kafka,
    topic: topics.buckets,
    key: (state) => state.bucket,
  });
  const locations = new StateTable<LocationState>({
    connection: kafka,
    topic: topics.locations,
    key: (state) => state.name,
  });
  const config = new ConfigClient(env.CONFIG_URL, env.SERVICE_TOKEN);
  const credentials = new CachedLookup((location) => config.locationCredentials(location), CREDENTIALS_CACHE);
  const visitsAtOnce = env.POLL_VISITS_AT_ONCE;
  const rangesWanted = (): number => Math.round(visitsAtOnce / registry.share());
  const lagWaitMs = env.LAG_WAIT_SECONDS * 1_000;
  const loop = { changesTopic, visitsAtOnce, lagWaitMs, rangesWanted };
  const parts = { namespace, stores, visitor, status, suspicion, logger, ...loop };
  const targetOf = (name: string) => {
    const state = locations.get(name)?.state;
    return state && targetOfLocation(state);
  };
  const polling = { requestsPerSecond: env.POLL_REQUESTS_PER_SECOND, share: () => registry.share(), targetOf, guard };
  const mirrored = new MirroredBuckets(buckets, credentials, producer, parts, polling);

  const commands = new CommandConsumer(stores, logger);
  const commandConsumer = new EventConsumer({
    connection: kafka,
    service: 'poller',
    topics: [topics.commands],
    apply: (batch) => commands.apply(batch),
  });

  const readiness = [
    { name: 'mongodb', check: async () => void (await mongo.db().command({ ping: 1 })) },
    { name: 'kafka', check: () => kafka.check() },
  ];
  const runtime = { logger, metrics, readiness, serviceToken: env.SERVICE_TOKEN };
  const { url, app } = await listen(
    PollerModule.register(runtime, namespace, stores, changesTopic),
    logger,
    env.HOST,
    env.PORT,
  );

  await Promise.all([segments.init(), ledger.init(), registry.start()]);
  await kafka.ensureTopics([topics.buckets, topics.locations, topics.objectChanges, topics.mirrorStatus]);
  await producer.start();
  await Promise.all([buckets.start(), locations.start()]);
  const unsubscribe = locations.onChange(({ state }) => mirrored.refreshLocation(state.name));
  mirrored.start();
  await commandConsumer.start();

  return {
    url,
    stop: async () => {
      unsubscribe();
      await commandConsumer.stop();
      await mirrored.stop();
      await registry.stop();
      await Promise.all([buckets.stop(), locations.stop()]);
      await producer.stop();
      await kafka.stop();
      await app.close();
      await mongo.close();
    },
  };
}
