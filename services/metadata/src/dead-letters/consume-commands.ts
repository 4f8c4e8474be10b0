import { type CloudEvent, compareTimes, type DiscardRequested, type RetryRequested } from '@mirror/events';
import type { BatchContext, EventBatch, Rejected } from '@mirror/kafka';
import type { Logger } from '@mirror/runtime';
import type { CurrentMirrors } from '../current-mirrors.js';
import type { DeadLetterStore } from './dead-letter-store.js';
import type { DoneCommands } from './done-commands.js';
import type { DeadLetterRetry } from './retry-dead-letters.js';

/**
 * Carries out what operators ask of dead letters. Each command is done once: at or below the mirror's last done revision it
 * is ignored, and so is one of another life (rule R2). Cut off in between it comes again, and does the rest.
 */
export class CommandConsumer {
  constructor(
    private readonly mirrors: CurrentMirrors,
    private readonly done: DoneCommands,
    private readonly letters: DeadLetterStore,
    private readonly retry: DeadLetterRetry,
    private readonly logger: Logger,
  ) {}

  async apply(batch: EventBatch, { isRunning }: BatchContext): Promise<readonly Rejected[]> {
    for (const { event } of batch.events) {
      if (!isRunning()) break; // nothing is committed then
      await this.carryOut(event, isRunning);
    }
    return [];
  }

  private async carryOut(event: CloudEvent, isRunning: () => boolean): Promise<void> {
    if (event.type !== 'RetryRequested' && event.type !== 'DiscardRequested') return;
    const { mirrorId, bucket, revision, kind, failureIds } = event.data as RetryRequested | DiscardRequested;
    if (kind !== 'event') return; // pushes are the replication service's
    const current = await this.mirrors.currentOf(new Map([[mirrorId, bucket]]));
    if (!current.has(mirrorId) || compareTimes(revision, await this.done.lastRevision(mirrorId)) <= 0) return;
    if (event.type === 'DiscardRequested') await this.letters.settle(mirrorId, failureIds);
    else if (!(await this.retry.retry(mirrorId, failureIds, isRunning))) return;
    await this.done.markDone(mirrorId, revision);
    this.logger.info({ bucket, mirrorId, command: event.type }, 'a command was carried out');
  }
}
