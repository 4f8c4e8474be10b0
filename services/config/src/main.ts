import 'reflect-metadata';
import { createLogger, runService } from '@mirror/runtime';
import { readConfigEnv } from './env.js';
import { startConfig } from './start.js';

const env = readConfigEnv(process.env);
const logger = createLogger('config', env.LOG_LEVEL);
await runService(logger, () => startConfig(env, { logger }));
