import { type Report, startServers } from '@mirror/local';
import { firstThatWorks, waysToTry } from './choose-way.js';
import { engineAnswers } from './containers/engine-answers.js';
import type { TestServers } from './servers.js';

/** The servers of one run. */
export interface StartedSet {
  readonly servers: TestServers;
  stop(): Promise<void>;
}

/** Starts a run's servers, the first way that works: see {@link waysToTry}. */
export async function startSet(folder: string, report: Report): Promise<StartedSet> {
  const { TEST_SERVERS: setting, DOCKER_HOST } = process.env;
  const ways = waysToTry(setting, await engineAnswers(DOCKER_HOST));
  const start = { native: () => startNativeSet(folder, report), containers: () => startContainers(report) };
  return firstThatWorks(ways, start, report);
}

async function startContainers(report: Report): Promise<StartedSet> {
  const { startContainerSet } = await import('./containers/container-servers.js'); // a library of some size
  return startContainerSet(report);
}

async function startNativeSet(dataDir: string, report: Report): Promise<StartedSet> {
  const { mongodb, kafka, connector, stop } = await startServers({ dataDir, report });
  const { endpoint, region, accessKeyId, secretAccessKey } = connector;
  const address = { endpoint, region, accessKeyId, secretAccessKey };
  const servers = { mongodbUrl: mongodb.url, kafkaBrokers: kafka.brokers, connector: address };
  return { servers: { way: 'native', ...servers }, stop };
}
