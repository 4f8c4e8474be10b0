import { type DynamicModule, Module } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { HealthController, READINESS_CHECKS, type ReadinessCheck } from './health.controller.js';
import type { Logger } from './logger.js';
import { METRICS, MetricsController } from './metrics.js';
import { SERVICE_TOKEN } from './service-token.guard.js';

export const LOGGER = Symbol('LOGGER');

export interface RuntimeOptions {
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly readiness: readonly ReadinessCheck[];
  /** What `ServiceTokenGuard` expects. */
  readonly serviceToken: string;
}

/** What every service has: `/livez`, `/readyz`, `/metrics`, a logger. Global, so that features need not import it. */
@Module({})
export class RuntimeModule {
  static register(options: RuntimeOptions): DynamicModule {
    return {
      module: RuntimeModule,
      global: true,
      controllers: [HealthController, MetricsController],
      providers: [
        { provide: LOGGER, useValue: options.logger },
        { provide: METRICS, useValue: options.metrics },
        { provide: READINESS_CHECKS, useValue: options.readiness },
        { provide: SERVICE_TOKEN, useValue: options.serviceToken },
      ],
      exports: [LOGGER, METRICS, SERVICE_TOKEN],
    };
  }
}
