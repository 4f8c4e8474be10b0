import { Body, Controller, HttpStatus, Param } from '@nestjs/common';
import type { z } from 'zod';
import { bucketParams } from '../buckets/mirrored-bucket.js';
import { exampleCommand } from '../http/examples.js';
import { Operation } from '../http/operation.js';
import { type AcceptRemovals, acceptRemovals, type CommandAnswer, commandAnswer } from './mirror-command.js';
import { MirrorCommands } from './mirror-commands.js';

type Named = z.infer<typeof bucketParams>;

@Controller('v1/buckets')
export class CommandsController {
  constructor(private readonly commands: MirrorCommands) {}

  @Operation('POST', ':name/verify', {
    id: 'verifyBucket',
    summary: 'Compare everything once; lastVerify of the status tells how it went',
    role: 'operator',
    tag: 'Buckets',
    status: HttpStatus.ACCEPTED,
    answer: commandAnswer,
    problems: ['BUCKET.NOT_FOUND'],
    examples: { answer: exampleCommand },
  })
  verify(@Param({ schema: bucketParams }) { name }: Named): Promise<CommandAnswer> {
    return this.commands.verify(name);
  }

  @Operation('POST', ':name/accept-removals', {
    id: 'acceptRemovals',
    summary: 'Accept that what the connector no longer lists is gone; ends the suspect state',
    role: 'operator',
    tag: 'Buckets',
    status: HttpStatus.ACCEPTED,
    answer: commandAnswer,
    problems: ['BUCKET.NOT_FOUND', 'BUCKET.LEDGER_UNKNOWN', 'BUCKET.LEDGER_AHEAD'],
    examples: { body: { ledger: 1200 }, answer: exampleCommand },
  })
  acceptRemovals(
    @Param({ schema: bucketParams }) { name }: Named,
    @Body({ schema: acceptRemovals }) { ledger }: AcceptRemovals,
  ): Promise<CommandAnswer> {
    return this.commands.acceptRemovals(name, ledger);
  }
}
