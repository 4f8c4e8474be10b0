import { EndpointGuard, parseNetworks } from '@mirror/connector';
import { topics } from '@mirror/events';
import { bucketTable, connectKafka, EventProducer, type KafkaConnection, locationTable } from '@mirror/kafka';
import { Outbox, OutboxRelay } from '@mirror/outbox';
import { createLogger, createMetrics, type Logger, Rounds, type RunningService } from '@mirror/runtime';
import type { INestApplicationContext } from '@nestjs/common';
import { Gauge, type Registry } from 'prom-client';
import { TokenStore } from './access/token-store.js';
import { BucketChanges } from './buckets/bucket-changes.js';
import { BucketStore } from './buckets/bucket-store.js';
import { ConfigModule } from './config.module.js';
import { ConfigDatabase } from './database/config-database.js';
import { Transactions } from './database/transactions.js';
import type { ConfigEnv } from './env.js';
import { createApplication } from './http/application.js';
import type { RouteTable } from './http/route-table.js';
import { EndpointProbe } from './locations/endpoint-probe.js';
import { LocationStore } from './locations/location-store.js';
import { StateAdoption } from './restore/state-adoption.js';
import { MasterKey } from './secrets/master-key.js';
import { verifyMasterKey } from './secrets/verify-master-key.js';

export interface RunningConfig extends RunningService {
  /** Every route there is; for the test that compares it with the OpenAPI document. */
  readonly routes: RouteTable;
}

/** Another service may keep its own outbox in the same database. */
const OUTBOX = 'config.outbox';
const RESUME_INTERVAL_MS = 1_000;
const ADOPTION_INTERVAL_MS = 5_000;

/**
 * Starts the config service. Kafka may be away: changes are kept, and said when it is back. Rejects while MongoDB is away, and
 * with CONFIG.WRONG_MASTER_KEY when the stored secrets were encrypted with another key.
 */
export async function startConfig(
  env: ConfigEnv,
  overrides: { readonly logger?: Logger } = {},
): Promise<RunningConfig> {
  const logger = overrides.logger ?? createLogger('config', env.LOG_LEVEL);
  const parts = new AsyncDisposableStack(); // stopped in the opposite order of their start
  try {
    return await startParts(env, logger, parts);
  } catch (error) {
    await parts.disposeAsync();
    throw error;
  }
}

async function startParts(env: ConfigEnv, logger: Logger, parts: AsyncDisposableStack): Promise<RunningConfig> {
  const masterKey = new MasterKey(env.MASTER_KEY);
  const guard = new EndpointGuard(parseNetworks(env.ENDPOINT_ALLOW_NETWORKS));
  const database = parts.adopt(await ConfigDatabase.connect(env.MONGODB_URL), (opened) => opened.close());
  await verifyMasterKey(database, masterKey);
  const outbox = new Outbox(database.db, OUTBOX);
  await outbox.init();
  const kafka = connect(env, logger, parts);
  const relay = await startRelay(kafka, logger, database, parts);
  const metrics = createMetrics('config');
  showPending(outbox, metrics);
  const module = ConfigModule.register({ env, logger, metrics, database, masterKey, guard, outbox, relay });
  const { app, routes } = await createApplication(module, logger);
  parts.defer(() => app.close());
  parts.defer(() => app.get(EndpointProbe).stop()); // before the application waits for its calls
  for (const store of [LocationStore, BucketStore, TokenStore]) await app.get(store).init();
  resumeInTime(app.get(BucketChanges), logger, parts);
  followSaid(app, kafka, outbox, logger, parts);
  await app.listen(env.PORT, env.HOST);
  return { url: await app.getUrl(), routes, stop: () => parts.disposeAsync() };
}

function connect(env: ConfigEnv, logger: Logger, parts: AsyncDisposableStack): KafkaConnection {
  const connection = connectKafka(env, 'zenko-mirror-config', logger);
  parts.defer(() => connection.stop());
  return connection;
}

/** Ends pauses whose stored hour has come. Every instance does: resuming twice says nothing twice. */
function resumeInTime(buckets: BucketChanges, logger: Logger, parts: AsyncDisposableStack): void {
  const rounds = new Rounds({
    round: () => buckets.resumeDue(),
    intervalMs: () => RESUME_INTERVAL_MS,
    onError: (error) => logger.warn({ err: error }, 'paused mirrors could not be resumed, trying again'),
  });
  parts.defer(() => rounds.stop());
  rounds.start();
}

/** Reads its own state topics, in the background: they are ahead of a database that was restored. */
function followSaid(
  app: INestApplicationContext,
  connection: KafkaConnection,
  outbox: Outbox,
  logger: Logger,
  parts: AsyncDisposableStack,
): void {
  const locations = locationTable(connection);
  const buckets = bucketTable(connection);
  parts.defer(async () => void (await Promise.all([locations.stop(), buckets.stop()])));
  const adoption = new StateAdoption({
    said: { locations, buckets },
    stores: { locations: app.get(LocationStore), buckets: app.get(BucketStore) },
    transactions: app.get(Transactions),
    pending: () => outbox.pending(),
    logger,
  });
  const rounds = new Rounds({
    round: () => adoption.run(),
    intervalMs: () => ADOPTION_INTERVAL_MS,
    onError: (error) =>
      logger.warn({ err: error }, 'it could not be seen whether the database was restored, trying again'),
  });
  parts.defer(() => rounds.stop());
  Promise.all([locations.start(), buckets.start()]).then(
    () => rounds.start(),
    (error: unknown) => logger.debug({ err: error }, 'stopped before the state topics were read'),
  );
}

async function startRelay(
  connection: KafkaConnection,
  logger: Logger,
  database: ConfigDatabase,
  parts: AsyncDisposableStack,
): Promise<OutboxRelay> {
  const producer = parts.adopt(new EventProducer(connection), (started) => started.stop());
  await producer.start();
  const relayed = [topics.locations, topics.buckets, topics.commands];
  const options = { db: database.db, name: OUTBOX, producer, logger, topics: relayed };
  const relay = parts.adopt(new OutboxRelay(options), (started) => started.stop());
  relay.start();
  return relay;
}

function showPending(outbox: Outbox, registry: Registry): void {
  new Gauge({
    name: 'config_outbox_pending',
    help: 'Events committed and not yet on Kafka',
    registers: [registry],
    async collect() {
      const pending = await outbox.pending().catch(() => Number.NaN); // not known, rather than no metrics at all
      this.set(pending);
    },
  });
}
