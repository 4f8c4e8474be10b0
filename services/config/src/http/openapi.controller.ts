import { Controller, Get, Inject } from '@nestjs/common';

export const OPENAPI = Symbol('OPENAPI');

@Controller()
export class OpenApiController {
  constructor(@Inject(OPENAPI) private readonly document: Readonly<Record<string, unknown>>) {}

  @Get('openapi.json')
  get(): Readonly<Record<string, unknown>> {
    return this.document;
  }
}
