import { Controller, HttpStatus, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { type CommandAnswer, commandAnswer } from '../commands/mirror-command.js';
import { MirrorCommands } from '../commands/mirror-commands.js';
import { exampleCommand, exampleFailure } from '../http/examples.js';
import { Operation } from '../http/operation.js';
import type { Page } from '../http/page.js';
import {
  type FailureAnswer,
  type FailuresQuery,
  failureParams,
  failuresPage,
  failuresQuery,
  retryAllQuery,
} from './failure.js';
import { Failures } from './failures.js';

type Identified = z.infer<typeof failureParams>;

const OF_ONE = ['FAILURE.NOT_FOUND', 'FAILURE.UNAVAILABLE', 'BUCKET.NOT_FOUND'] as const;

@Controller('v1/failures')
export class FailuresController {
  constructor(
    private readonly failures: Failures,
    private readonly commands: MirrorCommands,
  ) {}

  @Operation('GET', '', {
    id: 'listFailures',
    summary: 'List what failed for good, with its reason',
    role: 'viewer',
    tag: 'Failures',
    answer: failuresPage,
    problems: ['FAILURE.UNAVAILABLE', 'BUCKET.NOT_FOUND'],
    examples: { answer: { items: [exampleFailure], next: null } },
  })
  list(@Query({ schema: failuresQuery }) query: FailuresQuery): Promise<Page<FailureAnswer>> {
    return this.failures.page(query);
  }

  @Operation('POST', 'retry', {
    id: 'retryFailures',
    summary: 'Try all failures of a bucket again; what fails again stays',
    role: 'operator',
    tag: 'Failures',
    status: HttpStatus.ACCEPTED,
    answer: commandAnswer,
    problems: ['BUCKET.NOT_FOUND'],
    examples: { answer: exampleCommand },
  })
  retryAll(@Query({ schema: retryAllQuery }) { bucket }: z.infer<typeof retryAllQuery>): Promise<CommandAnswer> {
    return this.commands.retryAll(bucket);
  }

  @Operation('POST', ':id/retry', {
    id: 'retryFailure',
    summary: 'Try a failure again; when it fails again it stays, with the new reason',
    role: 'operator',
    tag: 'Failures',
    status: HttpStatus.ACCEPTED,
    answer: commandAnswer,
    problems: OF_ONE,
    examples: { answer: exampleCommand },
  })
  async retry(@Param({ schema: failureParams }) { id }: Identified): Promise<CommandAnswer> {
    return this.commands.retry(await this.failures.find(id));
  }

  @Operation('POST', ':id/discard', {
    id: 'discardFailure',
    summary: 'Give a failure up: what a client uploaded, deleted or tagged is forgotten then',
    role: 'operator',
    tag: 'Failures',
    status: HttpStatus.ACCEPTED,
    answer: commandAnswer,
    problems: OF_ONE,
    examples: { answer: exampleCommand },
  })
  async discard(@Param({ schema: failureParams }) { id }: Identified): Promise<CommandAnswer> {
    return this.commands.discard(await this.failures.find(id));
  }
}
