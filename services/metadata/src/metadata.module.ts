import { Namespace } from '@mirror/namespace';
import { RuntimeModule, type RuntimeOptions } from '@mirror/runtime';
import { type DynamicModule, Module } from '@nestjs/common';
import { DeadLetterStore } from './dead-letters/dead-letter-store.js';
import { DeadLettersController } from './dead-letters/dead-letters.controller.js';
import { FiguresController } from './figures.controller.js';

@Module({})
export class MetadataModule {
  static register(runtime: RuntimeOptions, namespace: Namespace, letters: DeadLetterStore): DynamicModule {
    return {
      module: MetadataModule,
      imports: [RuntimeModule.register(runtime)],
      controllers: [FiguresController, DeadLettersController],
      providers: [
        { provide: Namespace, useValue: namespace },
        { provide: DeadLetterStore, useValue: letters },
      ],
    };
  }
}
