import 'reflect-metadata';
import { createLogger, parseEnv, runService } from '@mirror/runtime';
import { metadataEnv } from './env.js';
import { startMetadata } from './start.js';

const env = parseEnv(metadataEnv, process.env);
const logger = createLogger('metadata', env.LOG_LEVEL);
await runService(logger, () => startMetadata(env, logger));
