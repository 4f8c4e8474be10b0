import { type Report, startServers } from '@mirror/local';
import { type Way, waysToTry } from './choose-way.js';
import { engineAnswers } from './containers/engine-answers.js';
import type { TestServers } from './servers.js';

/** The servers of one run. */
export interface StartedSet {
  readonly servers: TestServers;
  stop(): Promise<void>;
}

/**
 * Starts a run's servers, the first way that works: see {@link waysToTry}. No way left is a failure of the run, with each
 * way's reason: nothing is skipped.
 */
export async function startSet(folder: string, report: Report): Promise<StartedSet> {
  const { TEST_SERVERS: setting, DOCKER_HOST } = process.env;
  const reasons: string[] = [];
  for (const way of waysToTry(setting, await engineAnswers(DOCKER_HOST))) {
    try {
      return await start[way](folder, report);
    } catch (error) {
      reasons.push(`${way}: ${(error as Error).message}`);
      report(`The servers can't be had this way, ${reasons.at(-1)}`);
    }
  }
  throw new Error(`No servers for the tests.\n${reasons.join('\n')}`);
}

const start: Record<Way, (folder: string, report: Report) => Promise<StartedSet>> = {
  native: startNativeSet,
  containers: async (_folder, report) => {
    const { startContainerSet } = await import('./containers/container-servers.js'); // a library of some size
    return startContainerSet(report);
  },
};

async function startNativeSet(dataDir: string, report: Report): Promise<StartedSet> {
  const { mongodb, kafka, connector, stop } = await startServers({ dataDir, report });
  const { endpoint, region, accessKeyId, secretAccessKey } = connector;
  const address = { endpoint, region, accessKeyId, secretAccessKey };
  const servers = { mongodbUrl: mongodb.url, kafkaBrokers: kafka.brokers, connector: address };
  return { servers: { way: 'native', ...servers }, stop };
}
