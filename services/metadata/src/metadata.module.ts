import { Namespace } from '@mirror/namespace';
import { RuntimeModule, type RuntimeOptions } from '@mirror/runtime';
import { type DynamicModule, Module } from '@nestjs/common';
import { FiguresController } from './figures.controller.js';

@Module({})
export class MetadataModule {
  static register(runtime: RuntimeOptions, namespace: Namespace): DynamicModule {
    return {
      module: MetadataModule,
      imports: [RuntimeModule.register(runtime)],
      controllers: [FiguresController],
      providers: [{ provide: Namespace, useValue: namespace }],
    };
  }
}
