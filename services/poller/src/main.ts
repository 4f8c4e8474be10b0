import 'reflect-metadata';
import { createLogger, readServiceEnv, runService } from '@mirror/runtime';
import { pollerEnv } from './env.js';
import { startPoller } from './start.js';

const env = readServiceEnv(pollerEnv, process.env);
const logger = createLogger('poller', env.LOG_LEVEL);
await runService(logger, () => startPoller(env, logger));
