import { type PageQuery, readPage, ServiceTokenGuard } from '@mirror/runtime';
import { Controller, Get, NotFoundException, Param, Query, UseGuards } from '@nestjs/common';
import { DeadLetterStore, type OpenLetter } from './dead-letter-store.js';

/** Internal: what `config` shows under `/v1/failures`. Only letters that are neither applied nor discarded. */
@Controller('internal/v1/dead-letters')
@UseGuards(ServiceTokenGuard)
export class DeadLettersController {
  constructor(private readonly letters: DeadLetterStore) {}

  @Get()
  async list(@Query() query: PageQuery): Promise<{ items: object[]; next: string | null }> {
    const { items, next } = await readPage(query, (...asked) => this.letters.page(...asked));
    return { items: items.map(answerOf), next };
  }

  @Get(':id')
  async one(@Param('id') id: string): Promise<object> {
    const letter = await this.letters.find(id);
    if (letter) return answerOf(letter);
    throw new NotFoundException('There is no such dead letter, or no longer.');
  }
}

function answerOf({ _id: id, message, open: _open, ...letter }: OpenLetter): object {
  const { data, ...envelope } = eventOf(message);
  const { versionId } = typeof data === 'object' && data !== null ? (data as { versionId?: unknown }) : {};
  const event = data === undefined || envelope.type === '' ? null : { ...envelope, data };
  return { id, ...letter, versionId: typeof versionId === 'string' ? versionId : null, event };
}

/** As far as it can be read: `data` is undefined where the value is no JSON. */
function eventOf({ headers, value }: OpenLetter['message']) {
  const header = (name: string): string => headers.find(([known]) => known === name)?.[1] ?? '';
  const envelope = { id: header('ce_id'), type: header('ce_type'), time: header('ce_time') };
  return { ...envelope, data: value ? parseJson(Buffer.from(value.buffer).toString()) : undefined };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
