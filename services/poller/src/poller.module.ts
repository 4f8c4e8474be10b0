import { Namespace } from '@mirror/namespace';
import { RuntimeModule, type RuntimeOptions } from '@mirror/runtime';
import { type DynamicModule, Module } from '@nestjs/common';
import { HINTS_TOKEN, HintsController } from './hints/hints.controller.js';
import { HintReceiver } from './hints/receive-hints.js';
import { ProgressStore } from './state/progress-store.js';
import { RemovalLedger } from './state/removal-ledger.js';
import { SegmentStore } from './state/segment-store.js';
import { SweepStore } from './state/sweep-store.js';
import { CHANGES_TOPIC, StatusController } from './status.controller.js';
import type { VisitStores } from './visit/visit-segment.js';

export interface PollerParts {
  readonly namespace: Namespace;
  readonly stores: VisitStores;
  readonly sweeps: SweepStore;
  readonly changesTopic: string;
  readonly receiver: HintReceiver;
  /** Null: no hints over HTTP. */
  readonly hintsToken: string | null;
}

@Module({})
export class PollerModule {
  static register(
    runtime: RuntimeOptions,
    { namespace, stores, sweeps, changesTopic, receiver, hintsToken }: PollerParts,
  ): DynamicModule {
    return {
      module: PollerModule,
      imports: [RuntimeModule.register(runtime)],
      controllers: [StatusController, HintsController],
      providers: [
        { provide: Namespace, useValue: namespace },
        { provide: SegmentStore, useValue: stores.segments },
        { provide: RemovalLedger, useValue: stores.ledger },
        { provide: ProgressStore, useValue: stores.progress },
        { provide: SweepStore, useValue: sweeps },
        { provide: CHANGES_TOPIC, useValue: changesTopic },
        { provide: HintReceiver, useValue: receiver },
        { provide: HINTS_TOKEN, useValue: hintsToken },
      ],
    };
  }
}
