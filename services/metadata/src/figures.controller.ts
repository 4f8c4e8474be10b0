import { type MirrorFigures, mirrorFigures, Namespace } from '@mirror/namespace';
import { ServiceTokenGuard } from '@mirror/runtime';
import { Controller, Get, Param, UseGuards } from '@nestjs/common';

/** Internal: what `config` shows in a bucket's status. */
@Controller('internal/v1/mirrors')
@UseGuards(ServiceTokenGuard)
export class FiguresController {
  constructor(private readonly namespace: Namespace) {}

  @Get(':mirrorId/figures')
  async figures(@Param('mirrorId') mirrorId: string): Promise<{ versions: MirrorFigures }> {
    return { versions: await mirrorFigures(this.namespace, mirrorId) };
  }
}
