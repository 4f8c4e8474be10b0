import {
  becomePrimary,
  brokerAnswers,
  freePorts,
  identifyProcess,
  isRunning,
  kafkaProperties,
  minioIsReady,
  mongodArguments,
  type ProcessIdentity,
  quietMinio,
  type Report,
  replicaSetUrl,
} from '@mirror/local';
import { getContainerRuntimeClient, type StartedTestContainer } from 'testcontainers';
import type { StartedSet } from '../start-set.js';
import { imageOf } from './images.js';
import { startContainer } from './start-container.js';

const ownerLabel = 'mirror-test.owner';
const accessKeyId = 'connector';
const secretAccessKey = 'connector-secret';

/** The three servers as containers on free ports of loopback, set as the native ones are. Their data goes with them. */
export async function startContainerSet(report: Report): Promise<StartedSet> {
  // Its reaper is one more image to pull; instead, each run sweeps what a killed one has left behind.
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
  await sweepAbandoned();
  const [mongodbImage, kafkaImage, connectorImage] = [
    await imageOf('mongodb', report),
    await imageOf('kafka', report),
    await imageOf('connector', report),
  ];
  const [mongodbPort = 0, kafkaPort = 0, controllerPort = 0, connectorPort = 0] = await freePorts(4);
  const labels = { [ownerLabel]: JSON.stringify(identifyProcess(process.pid)) };
  const endpoint = `http://127.0.0.1:${connectorPort}`;
  const starting = [
    startContainer({
      image: mongodbImage,
      command: mongodArguments('/data', mongodbPort),
      labels,
      isReady: () => becomePrimary(mongodbPort),
    }),
    startContainer({
      image: kafkaImage,
      command: [],
      files: { '/etc/kafka/server.properties': kafkaProperties('/var/lib/kafka', kafkaPort, controllerPort) },
      labels,
      isReady: () => brokerAnswers(kafkaPort),
    }),
    startContainer({
      image: connectorImage,
      command: ['server', '/data', '--address', `127.0.0.1:${connectorPort}`],
      environment: { ...quietMinio, MINIO_ROOT_USER: accessKeyId, MINIO_ROOT_PASSWORD: secretAccessKey },
      labels,
      isReady: () => minioIsReady(endpoint),
    }),
  ];
  const containers = await allOrNone(starting);
  report(`Servers: containers of ${mongodbImage}, ${kafkaImage}, ${connectorImage}`);
  return {
    servers: {
      way: 'containers',
      mongodbUrl: replicaSetUrl(mongodbPort),
      kafkaBrokers: [`127.0.0.1:${kafkaPort}`],
      connector: { endpoint, region: 'us-east-1', accessKeyId, secretAccessKey },
    },
    stop: () => stopAll(containers),
  };
}

async function allOrNone(starting: Promise<StartedTestContainer>[]): Promise<StartedTestContainer[]> {
  const settled = await Promise.allSettled(starting);
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed === undefined) return Promise.all(starting);
  await stopAll(settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
  throw failed.reason;
}

async function stopAll(containers: StartedTestContainer[]): Promise<void> {
  await Promise.all(containers.map((container) => container.stop({ timeout: 0 }))); // nobody needs their data
}

/** Removes the containers of runs that were killed before they could do so themselves. */
async function sweepAbandoned(): Promise<void> {
  const { container } = await getContainerRuntimeClient();
  for (const { Id, Labels } of await container.dockerode.listContainers({ all: true })) {
    const owner = Labels[ownerLabel];
    if (owner === undefined || isRunning(JSON.parse(owner) as ProcessIdentity)) continue;
    await container.getById(Id).remove({ force: true, v: true });
  }
}
