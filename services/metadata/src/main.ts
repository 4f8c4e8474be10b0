import 'reflect-metadata';
import { createLogger, readServiceEnv, runService } from '@mirror/runtime';
import { metadataEnv } from './env.js';
import { startMetadata } from './start.js';

const env = readServiceEnv(metadataEnv, process.env);
const logger = createLogger('metadata', env.LOG_LEVEL);
await runService(logger, () => startMetadata(env, logger));
