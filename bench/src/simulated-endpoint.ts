import { type SimulatedServerOptions, startSimulatedServer } from '@mirror/testing';

/** A process of its own, forked by `startEndpoint`: the simulated server must not take CPU from what is measured. */
const [options = '{}'] = process.argv.slice(2);
const server = await startSimulatedServer(JSON.parse(options) as SimulatedServerOptions);
const { endpoint, region, accessKeyId, secretAccessKey, bucket } = server;

process.on('message', (message: { id: number; churn?: { share: number; round: number }; latencyMs?: number }) => {
  if (message.churn) server.contents.churn(message.churn.share, message.churn.round);
  if (message.latencyMs !== undefined) server.setLatency(message.latencyMs);
  process.send?.({ id: message.id, listings: server.takeListings(), versions: server.contents.versions });
});
process.on('disconnect', () => process.exit());
process.send?.({ id: 0, access: { endpoint, region, accessKeyId, secretAccessKey, bucket } });
