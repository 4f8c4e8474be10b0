export { type Backoff, backoffMs } from './backoff.js';
export { parseEnv, port, refuseDefaultSecrets, secret, sharedEnv } from './env.js';
export { type ErrorDetails, FatalError, PermanentError, TransientError } from './errors.js';
export { READINESS_CHECKS, type ReadinessCheck } from './health.controller.js';
export { createLogger, type Logger } from './logger.js';
export { createMetrics, METRICS } from './metrics.js';
export { NestLogger } from './nest-logger.js';
export { type RunningService, runService } from './run-service.js';
export { LOGGER, RuntimeModule, type RuntimeOptions } from './runtime.module.js';
