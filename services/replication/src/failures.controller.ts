import { type PageQuery, readPage, ServiceTokenGuard } from '@mirror/runtime';
import { Controller, Get, NotFoundException, Param, Query, UseGuards } from '@nestjs/common';
import { type FailedOperation, FailedStore } from './state/failed-store.js';

/** Internal: what `config` shows of pushes under `/v1/failures`. */
@Controller('internal/v1/push-failures')
@UseGuards(ServiceTokenGuard)
export class FailuresController {
  constructor(private readonly failed: FailedStore) {}

  @Get()
  async list(@Query() query: PageQuery): Promise<{ items: object[]; next: string | null }> {
    const { items, next } = await readPage(query, (...asked) => this.failed.page(...asked));
    return { items: await Promise.all(items.map((one) => this.#answerOf(one))), next };
  }

  @Get(':id')
  async one(@Param('id') id: string): Promise<object> {
    const found = await this.failed.find(id);
    if (found) return this.#answerOf(found);
    throw new NotFoundException('There is no such failure, or no longer.');
  }

  async #answerOf(operation: FailedOperation): Promise<object> {
    const { _id: id, bucket, mirrorId, key, what, failed, retries = 0, acceptedDate } = operation;
    const { code, detail: reason, hint, at } = failed;
    const waitingBehind = await this.failed.waitingBehind(operation);
    const { kind, versionId } = what;
    return {
      id,
      bucket,
      mirrorId,
      key,
      versionId,
      operation: kind,
      acceptedAt: acceptedDate,
      code,
      reason,
      hint,
      at,
      retries,
      waitingBehind,
    };
  }
}
