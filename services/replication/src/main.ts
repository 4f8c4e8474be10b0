import 'reflect-metadata';
import { createLogger, readServiceEnv, runService } from '@mirror/runtime';
import { replicationEnv } from './env.js';
import { startReplication } from './start.js';

const env = readServiceEnv(replicationEnv, process.env);
const logger = createLogger('replication', env.LOG_LEVEL);
await runService(logger, () => startReplication(env, logger));
