import { topics } from '@mirror/events';
import { bucketTable, connectKafka, DeadLetterConsumer, EventConsumer } from '@mirror/kafka';
import { Namespace, openMongo } from '@mirror/namespace';
import { createMetrics, type Logger, listen, type RunningService } from '@mirror/runtime';
import { ApplyMetrics } from './apply-metrics.js';
import { ChangeApplier } from './consume-changes.js';
import { PushRecorder } from './consume-replication.js';
import { CurrentMirrors } from './current-mirrors.js';
import { CommandConsumer } from './dead-letters/consume-commands.js';
import { DeadLetterStore } from './dead-letters/dead-letter-store.js';
import { DoneCommands } from './dead-letters/done-commands.js';
import { DeadLetterKeeper } from './dead-letters/keep-dead-letters.js';
import { DeadLetterRetry } from './dead-letters/retry-dead-letters.js';
import type { MetadataEnv } from './env.js';
import { MetadataModule } from './metadata.module.js';
import { MirrorSweep } from './sweep-mirrors.js';
import { RestoreWatch } from './watch-restore.js';

/** Starts the service: the state topic is read to its end before the first change is applied (rule R2). */
export async function startMetadata(env: MetadataEnv, logger: Logger): Promise<RunningService> {
  const metrics = createMetrics('metadata');
  const mongo = await openMongo(env.MONGODB_URL, 'metadata');
  const namespace = new Namespace(mongo.db());
  const kafka = connectKafka(env, 'metadata', logger);
  const buckets = bucketTable(kafka);
  const mirrors = new CurrentMirrors(buckets);
  const topicName = kafka.topicName(topics.objectChanges);
  const restoreWatch = new RestoreWatch(namespace, topicName, logger);
  const applier = new ChangeApplier(namespace, mirrors, topicName, restoreWatch, new ApplyMetrics(metrics));
  const consumer = new EventConsumer({
    connection: kafka,
    service: 'metadata',
    topics: [topics.objectChanges],
    apply: (batch, context) => applier.apply(batch, context),
  });
  const recorder = new PushRecorder(namespace, mirrors, kafka.topicName(topics.replication));
  const replicationConsumer = new EventConsumer({
    connection: kafka,
    service: 'metadata-replication',
    topics: [topics.replication],
    apply: (batch, context) => recorder.apply(batch, context),
  });
  const letters = new DeadLetterStore(namespace.db);
  const done = new DoneCommands(namespace.db);
  const keeper = new DeadLetterKeeper(letters, mirrors, logger);
  const letterConsumer = new DeadLetterConsumer({
    connection: kafka,
    topic: topics.objectChanges,
    service: 'metadata',
    group: 'metadata-dead-letters',
    keep: (some) => keeper.keep(some),
  });
  const replicationLetterConsumer = new DeadLetterConsumer({
    connection: kafka,
    topic: topics.replication,
    service: 'metadata-replication',
    group: 'metadata-replication-dead-letters',
    keep: (some) => keeper.keep(some),
  });
  const retry = new DeadLetterRetry(letters, applier, recorder);
  const commands = new CommandConsumer(mirrors, done, letters, retry, logger);
  // A group of its own: a long retry must not hold up the changes.
  const commandConsumer = new EventConsumer({
    connection: kafka,
    service: 'metadata-commands',
    topics: [topics.commands],
    apply: (batch, context) => commands.apply(batch, context),
  });
  const consumers = [consumer, replicationConsumer, letterConsumer, replicationLetterConsumer, commandConsumer];
  const sweep = new MirrorSweep(namespace, [letters, done], mirrors, logger);
  const readiness = [
    { name: 'mongodb', check: async () => void (await mongo.db().command({ ping: 1 })) },
    { name: 'kafka', check: () => kafka.check() },
  ];
  const runtime = { logger, metrics, readiness, serviceToken: env.SERVICE_TOKEN };
  const { url, app } = await listen(MetadataModule.register(runtime, namespace, letters), logger, env.HOST, env.PORT);

  await letters.init();
  await namespace.prepareUploads();
  await kafka.ensureTopics([topics.buckets, topics.objectChanges, topics.replication]);
  await buckets.start();
  const unsubscribe = buckets.onChange(({ type }) => {
    if (type === 'BucketDetached') sweep.hurry();
  });
  await Promise.all(consumers.map((one) => one.start()));
  sweep.start();
  restoreWatch.start(() => consumer.lag());

  return {
    url,
    stop: async () => {
      unsubscribe();
      await Promise.all(consumers.map((one) => one.stop())); // what is in flight is applied and committed first
      await Promise.all([sweep.stop(), restoreWatch.stop()]);
      await buckets.stop();
      await kafka.stop();
      await app.close();
      await mongo.close();
    },
  };
}
