import 'reflect-metadata';
import { createLogger, readServiceEnv, runService } from '@mirror/runtime';
import { gatewayEnv } from './env.js';
import { startGateway } from './start.js';

const env = readServiceEnv(gatewayEnv, process.env);
const logger = createLogger('gateway', env.LOG_LEVEL);
await runService(logger, () => startGateway(env, logger));
