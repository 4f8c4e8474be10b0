import { EndpointGuard, parseNetworks } from '@mirror/connector';
import { topics } from '@mirror/events';
import { EventProducer, KafkaConnection } from '@mirror/kafka';
import { Outbox, OutboxRelay } from '@mirror/outbox';
import { createLogger, createMetrics, type Logger, type RunningService } from '@mirror/runtime';
import { Gauge, type Registry } from 'prom-client';
import { TokenStore } from './access/token-store.js';
import { BucketStore } from './buckets/bucket-store.js';
import { ResumeTimer } from './buckets/resume-timer.js';
import { ConfigModule } from './config.module.js';
import { ConfigDatabase } from './database/config-database.js';
import type { ConfigEnv } from './env.js';
import { createApplication } from './http/application.js';
import type { RouteTable } from './http/route-table.js';
import { EndpointProbe } from './locations/endpoint-probe.js';
import { LocationStore } from './locations/location-store.js';
import { MasterKey } from './secrets/master-key.js';
import { verifyMasterKey } from './secrets/verify-master-key.js';

export interface RunningConfig extends RunningService {
  /** Every route there is; for the test that compares it with the OpenAPI document. */
  readonly routes: RouteTable;
}

/** Another service may keep its own outbox in the same database. */
const OUTBOX = 'config.outbox';

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
  const relay = await startRelay(env, logger, database, parts);
  const metrics = createMetrics('config');
  showPending(outbox, metrics);
  const module = ConfigModule.register({ env, logger, metrics, database, masterKey, guard, outbox, relay });
  const { app, routes } = await createApplication(module, logger);
  parts.defer(() => app.close());
  parts.defer(() => app.get(EndpointProbe).stop()); // before the application waits for its calls
  for (const store of [LocationStore, BucketStore, TokenStore]) await app.get(store).init();
  const timer = parts.adopt(app.get(ResumeTimer), (started) => started.stop());
  timer.start();
  await app.listen(env.PORT, env.HOST);
  return { url: await app.getUrl(), routes, stop: () => parts.disposeAsync() };
}

async function startRelay(
  env: ConfigEnv,
  logger: Logger,
  database: ConfigDatabase,
  parts: AsyncDisposableStack,
): Promise<OutboxRelay> {
  const connection = new KafkaConnection({
    brokers: env.KAFKA_BROKERS,
    clientId: 'zenko-mirror-config',
    topicPrefix: env.TOPIC_PREFIX,
    compression: env.KAFKA_COMPRESSION,
    logger,
  });
  parts.defer(() => connection.stop());
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
