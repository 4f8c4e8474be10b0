import 'reflect-metadata';
import { createLogger, parseEnv, runService } from '@mirror/runtime';
import { gatewayEnv } from './env.js';
import { startGateway } from './start.js';

const env = parseEnv(gatewayEnv, process.env);
const logger = createLogger('gateway', env.LOG_LEVEL);
await runService(logger, () => startGateway(env, logger));
