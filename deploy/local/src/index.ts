export { identifyProcess, isRunning, type ProcessIdentity, signalProcess } from './process-identity.js';
export type { Report } from './servers/install-cache.js';
export { type RunningKafka, startKafka } from './servers/kafka.js';
export { type MinioOptions, type RunningMinio, startMinio } from './servers/minio.js';
export { type RunningMongo, startMongo } from './servers/mongodb.js';
export { freePort, freePorts, isTaken } from './servers/ports.js';
export { type RunningServers, type ServersOptions, startServers } from './servers/servers.js';
export type { RunningServer, StartOptions } from './servers/start-options.js';
