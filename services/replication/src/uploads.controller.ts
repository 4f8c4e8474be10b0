import { Namespace, type UploadFigures, uploadFigures } from '@mirror/namespace';
import { ServiceTokenGuard } from '@mirror/runtime';
import { Controller, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { MirrorPushes } from './mirror-pushes.js';
import { UploadClosings } from './upload-closings.js';

interface UploadsAnswer extends UploadFigures {
  /** Why nothing is pushed now; null: no reason is known. */
  readonly lastError: {
    readonly code: string;
    readonly detail: string;
    readonly hint: string;
    readonly at: Date;
  } | null;
}

/** Internal: what `config` shows of uploads in a bucket's status, and asks before it detaches a bucket. */
@Controller('internal/v1/mirrors/:mirrorId/uploads')
@UseGuards(ServiceTokenGuard)
export class UploadsController {
  constructor(
    private readonly namespace: Namespace,
    private readonly mirrors: MirrorPushes,
    private readonly closings: UploadClosings,
  ) {}

  @Get()
  async figures(@Param('mirrorId') mirrorId: string): Promise<UploadsAnswer> {
    return { ...(await uploadFigures(this.namespace, mirrorId)), lastError: this.mirrors.errorOf(mirrorId) };
  }

  /** Nothing more is accepted from then on; `waiting` counts what was, failed operations included. */
  @Post('close')
  @HttpCode(200)
  async close(@Param('mirrorId') mirrorId: string): Promise<{ waiting: number }> {
    await this.closings.close(mirrorId);
    const { waiting, failed } = await uploadFigures(this.namespace, mirrorId);
    return { waiting: waiting + failed };
  }

  @Post('reopen')
  @HttpCode(200)
  async reopen(@Param('mirrorId') mirrorId: string): Promise<Record<string, never>> {
    await this.closings.reopen(mirrorId);
    return {};
  }
}
