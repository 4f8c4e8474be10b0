import { RuntimeModule, type RuntimeOptions } from '@mirror/runtime';
import { type DynamicModule, Module } from '@nestjs/common';
import { GatewayMetrics } from './gateway-metrics.js';
import { S3Controller } from './s3.controller.js';
import { RequestServer } from './serve-request.js';

@Module({})
export class GatewayModule {
  static register(runtime: RuntimeOptions, server: RequestServer): DynamicModule {
    return {
      module: GatewayModule,
      imports: [RuntimeModule.register(runtime)],
      controllers: [S3Controller],
      providers: [
        { provide: RequestServer, useValue: server },
        { provide: GatewayMetrics, useValue: new GatewayMetrics(runtime.metrics) },
      ],
    };
  }
}
