import { randomUUID } from 'node:crypto';
import { CachedLookup, ConfigClient } from '@mirror/config-client';
import { EndpointGuard, parseNetworks } from '@mirror/connector';
import { topics } from '@mirror/events';
import { bucketTable, connectKafka, EventConsumer, EventProducer, locationTable } from '@mirror/kafka';
import { Namespace, openMongo } from '@mirror/namespace';
import { createMetrics, type Logger, listen, type RunningService } from '@mirror/runtime';
import { CommandConsumer } from './consume-commands.js';
import type { PollerEnv } from './env.js';
import { openHints } from './hints/open-hints.js';
import { MirroredBuckets } from './mirrored-buckets.js';
import { targetOfLocation } from './polled-target.js';
import { PollerModule } from './poller.module.js';
import { StatusEvents } from './publish-status.js';
import { HintStore } from './state/hint-store.js';
import { PaceKeeper } from './state/pace-keeper.js';
import { PollerRegistry } from './state/poller-registry.js';
import { ProgressStore } from './state/progress-store.js';
import { RemovalLedger } from './state/removal-ledger.js';
import { SegmentStore } from './state/segment-store.js';
import { SweepStore } from './state/sweep-store.js';
import { Removals } from './visit/believe-removals.js';
import { HintedVisitor } from './visit/visit-hinted.js';
import { SegmentVisitor } from './visit/visit-segment.js';

/** HEAD requests a visit, to confirm removals. */
const MAX_REMOVAL_HEADS = 50;
const MAX_DESCRIBED_AT_ONCE = 64;
/** Part of a location's requests that due visits are planned with; the rest describes, confirms removals and follows hints. */
const VISITS_SHARE = 0.7;

const CREDENTIALS_CACHE = { foundMs: 25_000, missingMs: 1_000, maxEntries: 1_000, now: () => performance.now() };

/** Starts the service: the state topics are read to their end before the first visit (rule R2). */
export async function startPoller(env: PollerEnv, logger: Logger): Promise<RunningService> {
  const guard = new EndpointGuard(parseNetworks(env.ENDPOINT_ALLOW_NETWORKS));
  const metrics = createMetrics('poller');
  const mongo = await openMongo(env.MONGODB_URL, 'poller');
  const namespace = new Namespace(mongo.db());
  const kafka = connectKafka(env, 'poller', logger);
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
    removalDelayMs: env.REMOVAL_DELAY_SECONDS * 1_000,
    maxDescribed: MAX_DESCRIBED_AT_ONCE,
  });
  const status = new StatusEvents(producer);
  const buckets = bucketTable(kafka);
  const locations = locationTable(kafka);
  const config = new ConfigClient(env.CONFIG_URL, env.SERVICE_TOKEN);
  const credentials = new CachedLookup((location) => config.locationCredentials(location), CREDENTIALS_CACHE);
  const visitsAtOnce = env.POLL_VISITS_AT_ONCE;
  const rangesWanted = (): number => Math.round(visitsAtOnce / registry.share());
  const paces = new PaceKeeper(namespace, {
    requestsPerSecond: env.POLL_REQUESTS_PER_SECOND * VISITS_SHARE,
    minIntervalSeconds: env.POLL_INTERVAL_MS / 1_000,
    maxIntervalSeconds: env.VISIT_DEADLINE_SECONDS,
  });
  const lagWaitMs = env.LAG_WAIT_SECONDS * 1_000;
  const loop = { changesTopic, visitsAtOnce, lagWaitMs, rangesWanted };
  const parts = { namespace, stores, visitor, status, suspicion, paces, logger, ...loop };
  const targetOf = (name: string) => {
    const state = locations.get(name)?.state;
    return state && targetOfLocation(state);
  };
  const hints = new HintStore(namespace);
  const sweeps = new SweepStore(namespace);
  const polling = {
    requestsPerSecond: env.POLL_REQUESTS_PER_SECOND,
    share: () => registry.share(),
    targetOf,
    guard,
    hintParts: { segments, hints, visitor: new HintedVisitor(namespace, segments, hints, producer) },
    hintsShare: env.HINTS_SHARE,
    sweeps,
    sweepAgeSeconds: env.DESCRIPTION_SWEEP_SECONDS,
  };
  const mirrored = new MirroredBuckets(buckets, credentials, producer, parts, polling);
  const wake = (mirrorId: string): void => mirrored.wake(mirrorId);
  const intake = openHints(env, { kafka, store: hints, buckets, locations, wake, metrics, logger });

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
    PollerModule.register(runtime, {
      namespace,
      stores,
      sweeps,
      changesTopic,
      receiver: intake.receiver,
      hintsToken: env.HINTS_TOKEN ?? null,
    }),
    logger,
    env.HOST,
    env.PORT,
  );

  await Promise.all([segments.init(), hints.init(), sweeps.init(), ledger.init(), registry.start()]);
  await kafka.ensureTopics([topics.buckets, topics.locations, topics.objectChanges, topics.mirrorStatus]);
  await producer.start();
  await Promise.all([buckets.start(), locations.start()]);
  const unsubscribe = locations.onChange(({ state }) => mirrored.refreshLocation(state.name));
  mirrored.start();
  await commandConsumer.start();
  void intake.consumer?.start(); // joins once the topic is there: nothing waits for hints

  return {
    url,
    stop: async () => {
      unsubscribe();
      await intake.consumer?.stop();
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
