import { timingSafeEqual } from 'node:crypto';
import {
  BadRequestException,
  Body,
  Controller,
  Headers,
  HttpCode,
  HttpStatus,
  Inject,
  NotFoundException,
  Post,
  UnauthorizedException,
} from '@nestjs/common';
import { HintReceiver } from './receive-hints.js';

export const HINTS_TOKEN = Symbol('HINTS_TOKEN');

/** Where a connector posts its event notifications. The body is limited to 1 MiB by the server. */
@Controller('hints/v1')
export class HintsController {
  constructor(
    private readonly hints: HintReceiver,
    @Inject(HINTS_TOKEN) private readonly token: string | null,
  ) {}

  /** S3 event records; 202 also when some could not be read: `refused` says which, and sending them again mends nothing. */
  @Post('s3-events')
  @HttpCode(HttpStatus.ACCEPTED)
  async s3Events(@Headers('authorization') authorization: string | undefined, @Body() body: unknown) {
    this.authenticate(authorization);
    const outcome = await this.hints.receive('webhook', body);
    if (outcome.kind === 'unreadable') throw new BadRequestException(outcome.reason);
    const { received, matched, refused } = outcome;
    if (received === 0 && refused.length > 0) throw new BadRequestException(refused.slice(0, 10));
    return { received, matched, refused: refused.slice(0, 10) };
  }

  private authenticate(authorization: string | undefined): void {
    if (this.token === null) throw new NotFoundException('Hints over HTTP are off: HINTS_TOKEN is not set.');
    const given = Buffer.from(authorization ?? '');
    const expected = Buffer.from(`Bearer ${this.token}`);
    if (given.length === expected.length && timingSafeEqual(given, expected)) return;
    throw new UnauthorizedException('Hints need the token of HINTS_TOKEN: authorization: Bearer …');
  }
}
