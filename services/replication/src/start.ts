import { randomUUID } from 'node:crypto';
import { CachedLookup, ConfigClient } from '@mirror/config-client';
import { EndpointGuard, parseNetworks } from '@mirror/connector';
import { type MirrorState, topics } from '@mirror/events';
import { bucketTable, connectKafka, EventConsumer, EventProducer, locationTable, type StateTable } from '@mirror/kafka';
import { Namespace, openMongo } from '@mirror/namespace';
import { createMetrics, type Logger, listen, type RunningService } from '@mirror/runtime';
import { openStaging, StagingIntents } from '@mirror/staging';
import { CommandConsumer } from './consume-commands.js';
import { UploadConsumer } from './consume-uploads.js';
import { StagedDrop } from './drop-staged.js';
import type { ReplicationEnv } from './env.js';
import { MirrorPushes } from './mirror-pushes.js';
import { OperationPush } from './push/push-operation.js';
import { KeyPusher } from './push-key.js';
import { PushMetrics } from './push-metrics.js';
import { PendingRebuild } from './rebuild-pending.js';
import { ReplicationModule } from './replication.module.js';
import { RestoreGate } from './restore-gate.js';
import { OutcomeSpeaker } from './say-outcomes.js';
import { DoneCommands } from './state/done-commands.js';
import { FailedStore } from './state/failed-store.js';
import { PushKeyStore } from './state/push-key-store.js';
import { PushStore } from './state/push-store.js';
import { MirrorSweep } from './sweep-mirrors.js';
import { PendingSweep } from './sweep-pending.js';
import { UploadClosings } from './upload-closings.js';

const CREDENTIALS_CACHE = { foundMs: 25_000, missingMs: 1_000, maxEntries: 1_000, now: () => performance.now() };

/** Starts the service: the state topics are read to their end before the first push (rule R2). */
export async function startReplication(env: ReplicationEnv, logger: Logger): Promise<RunningService> {
  const parts = new AsyncDisposableStack(); // stopped in the opposite order of their start
  try {
    return await startParts(env, logger, parts);
  } catch (error) {
    await parts.disposeAsync();
    throw error;
  }
}

async function startParts(env: ReplicationEnv, logger: Logger, parts: AsyncDisposableStack): Promise<RunningService> {
  const metrics = createMetrics('replication');
  const mongo = parts.adopt(await openMongo(env.MONGODB_URL, 'replication'), (opened) => opened.close());
  const namespace = new Namespace(mongo.db());
  const staging = parts.adopt(await openStaging(env.STAGING_URL, env), (opened) => opened.close());
  const { kafka, producer, buckets, locations } = messaging(env, logger, parts);
  const alive = () => aliveMirrors(buckets);

  const store = new PushStore(namespace);
  const keys = new PushKeyStore(mongo.db(), randomUUID());
  const failed = new FailedStore(namespace);
  const done = new DoneCommands(mongo.db());
  const intents = new StagingIntents(mongo.db());
  const speaker = new OutcomeSpeaker(producer, logger);
  const closings = new UploadClosings(namespace, alive, logger);
  const settings = { unknownAfterMs: env.UNKNOWN_OUTCOME_SECONDS * 1_000, newId: randomUUID };
  const push = new OperationPush(store, settings);
  const pusher = new KeyPusher({ keys, store, push, speaker, metrics: new PushMetrics(metrics), logger });
  const config = new ConfigClient(env.CONFIG_URL, env.SERVICE_TOKEN);
  const rebuild = new PendingRebuild(kafka, namespace, staging, intents, alive, logger);
  const gate: RestoreGate = new RestoreGate(kafka, namespace, rebuild, () => mirrors.pump(), logger);
  const mirrors = new MirrorPushes({
    buckets,
    locations,
    credentials: new CachedLookup((location) => config.locationCredentials(location), CREDENTIALS_CACHE),
    guard: new EndpointGuard(parseNetworks(env.ENDPOINT_ALLOW_NETWORKS)),
    staging,
    pusher,
    limits: {
      keysAtOnce: env.PUSHES_AT_ONCE,
      partsAtOnce: env.PARTS_AT_ONCE,
      bytesPerSecond: env.PUSH_BYTES_PER_SECOND,
    },
    mayPush: () => gate.isOpen,
    logger,
  });

  const readiness = [
    { name: 'mongodb', check: async () => void (await mongo.db().command({ ping: 1 })) },
    { name: 'kafka', check: () => kafka.check() },
    { name: 'staging', check: () => staging.check() },
  ];
  const runtime = { logger, metrics, readiness, serviceToken: env.SERVICE_TOKEN };
  const module = ReplicationModule.register(runtime, { namespace, mirrors, closings, failed });
  const { url, app } = await listen(module, logger, env.HOST, env.PORT);
  parts.defer(() => app.close());

  await Promise.all([namespace.prepareUploads(), intents.init()]);
  await kafka.ensureTopics([topics.buckets, topics.locations, topics.uploads, topics.replication]);
  await Promise.all([buckets.start(), locations.start()]);
  await gate.start();
  parts.defer(() => gate.stop());
  mirrors.start();
  const uploads = new UploadConsumer(mirrors, namespace, kafka.topicName(topics.uploads));
  const commands = new CommandConsumer({ alive, done, failed, mirrors, speaker, logger });
  // A group of its own: commands do not wait behind uploads.
  const consumers = [
    new EventConsumer({
      connection: kafka,
      service: 'replication',
      topics: [topics.uploads],
      apply: (batch) => uploads.apply(batch),
    }),
    new EventConsumer({
      connection: kafka,
      service: 'replication-commands',
      topics: [topics.commands],
      apply: (batch, context) => commands.apply(batch, context),
    }),
  ];
  const sweeps = [
    new PendingSweep(namespace, mirrors, speaker, () => gate.isOpen, logger),
    new StagedDrop(namespace, staging, intents, env.ABANDON_STAGED_SECONDS * 1_000, alive, () => gate.isOpen, logger),
    new MirrorSweep([keys, done], alive, logger),
    closings,
  ];
  parts.defer(() => speaker.stop());
  parts.defer(() => mirrors.stop()); // what runs may end first
  parts.defer(async () => void (await Promise.all([...consumers, ...sweeps].map((one) => one.stop()))));
  for (const sweep of sweeps) sweep.start();
  await Promise.all(consumers.map((consumer) => consumer.start()));
  return { url, stop: () => parts.disposeAsync() };
}

function messaging(env: ReplicationEnv, logger: Logger, parts: AsyncDisposableStack) {
  const kafka = connectKafka(env, 'replication', logger);
  parts.defer(() => kafka.stop());
  const producer = new EventProducer(kafka);
  void producer.start();
  parts.defer(() => producer.stop());
  const buckets = bucketTable(kafka);
  const locations = locationTable(kafka);
  parts.defer(async () => void (await Promise.all([buckets.stop(), locations.stop()])));
  return { kafka, producer, buckets, locations };
}

/** Whose life goes on, after the topic was read to its end. */
async function aliveMirrors(buckets: StateTable<MirrorState>): Promise<ReadonlySet<string>> {
  await buckets.catchUp();
  const alive = [...buckets.entries()].filter(({ type }) => type !== 'BucketDetached');
  return new Set(alive.map(({ state }) => state.mirrorId));
}
