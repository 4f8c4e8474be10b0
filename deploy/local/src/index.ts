export { ConfigApi, type MirrorStatus } from './config-api.js';
export { LocalFolder } from './local-folder.js';
export { LocalStack } from './local-stack.js';
export { identifyProcess, isRunning, type ProcessIdentity, signalProcess } from './process-identity.js';
export { installBoto3 } from './servers/install-boto3.js';
export type { Report } from './servers/install-cache.js';
export { installKafka } from './servers/install-kafka.js';
export { installMinio } from './servers/install-minio.js';
export { installMongodb } from './servers/install-mongodb.js';
export { brokerAnswers, kafkaProperties, type RunningKafka, startKafka } from './servers/kafka.js';
export { type MinioOptions, minioIsReady, quietMinio, type RunningMinio, startMinio } from './servers/minio.js';
export { becomePrimary, mongodArguments, type RunningMongo, replicaSetUrl, startMongo } from './servers/mongodb.js';
export { freePort, freePorts, isTaken } from './servers/ports.js';
export { ServerProcess } from './servers/server-process.js';
export {
  type RunningBackends,
  type RunningServers,
  type ServersOptions,
  startBackends,
  startServers,
} from './servers/servers.js';
export type { RunningServer, StartOptions } from './servers/start-options.js';
export { type RunningVersitygw, startVersitygw, type VersitygwOptions } from './servers/versitygw.js';
export { createServices, type ServiceName, type StackAddresses, urlOf } from './services.js';
export { readSettings } from './settings.js';
export type { StackFile } from './stack-file.js';
