import { Namespace } from '@mirror/namespace';
import { RuntimeModule, type RuntimeOptions } from '@mirror/runtime';
import { type DynamicModule, Module } from '@nestjs/common';
import { ProgressStore } from './state/progress-store.js';
import { RemovalLedger } from './state/removal-ledger.js';
import { SegmentStore } from './state/segment-store.js';
import { CHANGES_TOPIC, StatusController } from './status.controller.js';
import type { VisitStores } from './visit/visit-segment.js';

@Module({})
export class PollerModule {
  static register(
    runtime: RuntimeOptions,
    namespace: Namespace,
    stores: VisitStores,
    changesTopic: string,
  ): DynamicModule {
    return {
      module: PollerModule,
      imports: [RuntimeModule.register(runtime)],
      controllers: [StatusController],
      providers: [
        { provide: Namespace, useValue: namespace },
        { provide: SegmentStore, useValue: stores.segments },
        { provide: RemovalLedger, useValue: stores.ledger },
        { provide: ProgressStore, useValue: stores.progress },
        { provide: CHANGES_TOPIC, useValue: changesTopic },
      ],
    };
  }
}
