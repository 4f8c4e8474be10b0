import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { installKafka } from './install-kafka.js';
import { freePort, freePorts } from './ports.js';
import { java, runTool } from './run-tool.js';
import { ServerProcess } from './server-process.js';
import type { RunningServer, StartOptions } from './start-options.js';

export interface RunningKafka extends RunningServer {
  brokers: string[];
}

const host = '127.0.0.1';
const probeTimeoutMs = 2000;
// Small and quick to start rather than fast at its peak: it shares two cores with all the rest.
const javaFlags = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Starts Apache Kafka, one node, broker and controller in one (KRaft); ready when it answers on its port. */
export async function startKafka(options: StartOptions): Promise<RunningKafka> {
  const classPath = await installKafka(options.report ?? (() => {}));
  const port = options.port ?? (await freePort());
  const folder = join(options.dataDir, 'kafka');
  const properties = join(folder, 'server.properties');
  await mkdir(folder, { recursive: true });
  const [controllerPort = 0] = await freePorts(1);
  await writeFile(properties, kafkaProperties(join(folder, 'data'), port, controllerPort));
  await format(classPath, properties, join(folder, 'data'));
  const server = new ServerProcess({
    port,
    name: 'Kafka',
    command: java.command,
    args: [...javaFlags, '-cp', classPath, 'kafka.Kafka', properties],
    logFile: join(options.logDir ?? options.dataDir, 'kafka.log'),
    isReady: () => brokerAnswers(port),
    onSpawn: options.onSpawn,
  });
  await server.start();
  return Object.assign(server, {
    brokers: [`${host}:${port}`],
  });
}

/** The text of server.properties: one node on loopback, its data in `data`. */
export function kafkaProperties(data: string, port: number, controllerPort: number): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${host}:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${host}:${port},CONTROLLER://${host}:${controllerPort}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': data,
    'auto.create.topics.enable': false, // topics have their partitions and retention from the project's own code
    'num.partitions': 6,
    'offsets.topic.num.partitions': 8, // the default of 50 costs a second at each start
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 8,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Gives an empty log folder its cluster id; one that has it stays as it is. */
async function format(classPath: string, properties: string, data: string): Promise<void> {
  if (existsSync(join(data, 'meta.properties'))) return;
  const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A'); // else it is read as an option
  const flags = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classPath];
  await runTool(java, [...flags, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties]);
}

/** Asks for ApiVersions (version 0), the one request that every broker answers before anything else. */
export function brokerAnswers(port: number): Promise<boolean> {
  const request = Buffer.alloc(14);
  request.writeInt32BE(10, 0); // length of what follows
  request.writeInt16BE(18, 4); // ApiVersions
  request.writeInt16BE(0, 6);
  request.writeInt32BE(1, 8); // correlation id
  request.writeInt16BE(-1, 12); // no client id
  return new Promise((resolve) => {
    const socket = connect({ port, host }, () => socket.write(request));
    const settle = (value: boolean) => {
      socket.destroy();
      resolve(value);
    };
    socket.setTimeout(probeTimeoutMs, () => settle(false));
    socket.once('data', () => settle(true)).once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}
