import { Namespace } from '@mirror/namespace';
import { RuntimeModule, type RuntimeOptions } from '@mirror/runtime';
import { type DynamicModule, Module } from '@nestjs/common';
import { FailuresController } from './failures.controller.js';
import { MirrorPushes } from './mirror-pushes.js';
import { FailedStore } from './state/failed-store.js';
import { UploadClosings } from './upload-closings.js';
import { UploadsController } from './uploads.controller.js';

export interface ReplicationParts {
  readonly namespace: Namespace;
  readonly mirrors: MirrorPushes;
  readonly closings: UploadClosings;
  readonly failed: FailedStore;
}

@Module({})
export class ReplicationModule {
  static register(runtime: RuntimeOptions, { namespace, mirrors, closings, failed }: ReplicationParts): DynamicModule {
    return {
      module: ReplicationModule,
      imports: [RuntimeModule.register(runtime)],
      controllers: [UploadsController, FailuresController],
      providers: [
        { provide: Namespace, useValue: namespace },
        { provide: MirrorPushes, useValue: mirrors },
        { provide: UploadClosings, useValue: closings },
        { provide: FailedStore, useValue: failed },
      ],
    };
  }
}
