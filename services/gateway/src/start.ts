import { CachedLookup, type CachedLookupOptions, ConfigClient } from '@mirror/config-client';
import { EndpointGuard, parseNetworks } from '@mirror/connector';
import { bucketTable, connectKafka, locationTable } from '@mirror/kafka';
import { Namespace, openMongo } from '@mirror/namespace';
import { createMetrics, type Logger, type RunningService, TransientError } from '@mirror/runtime';
import type { GatewayEnv } from './env.js';
import { GatewayModule } from './gateway.module.js';
import { listenS3 } from './listen-s3.js';
import { RequestServer } from './serve-request.js';
import { ConnectorClients } from './sources/connector-clients.js';
import { ServedBuckets } from './sources/served-buckets.js';
import type { MultipartUploads } from './uploads/multipart-uploads.js';
import { startWriting } from './uploads/start-writing.js';

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
  const keys = new CachedLookup((id) => config.accessKey(id), LOOKUP);
  const namespace = new Namespace(mongo.db());
  const { writing, stop: stopWriting } = await startWriting(env, { namespace, kafka, config, logger });
  const unsubscribe = [
    locations.onChange(({ state }) => connectors.forget(state.name)),
    buckets.onChange(({ type, state }) => {
      if (type === 'BucketDetached') void dropUploads(writing.uploads, state.mirrorId, logger);
    }),
  ];
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
      for (const end of unsubscribe) end();
      connectors.stop();
      await Promise.all([buckets.stop(), locations.stop(), stopWriting()]);
      await kafka.stop();
      await mongo.close();
    },
  };
}

/** The mirror's life ended. The detach is said again at the next start, so that what fails here is made up for. */
async function dropUploads(uploads: MultipartUploads, mirrorId: string, logger: Logger): Promise<void> {
  await uploads.dropMirror(mirrorId).catch((error: unknown) => {
    logger.warn({ err: error, mirrorId }, 'multipart uploads of a detached bucket could not be dropped');
  });
}

function stateTables(env: GatewayEnv, logger: Logger) {
  const kafka = connectKafka(env, 'gateway', logger);
  return { kafka, buckets: bucketTable(kafka), locations: locationTable(kafka) };
}

function requireOpen(served: ServedBuckets): void {
  if (!served.isOpen) throw new TransientError('The state topics are being read', { code: 'GATEWAY.STARTING' });
}
