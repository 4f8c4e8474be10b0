import { type CloudEvent, compareTimes, type DiscardRequested, type RetryRequested } from '@mirror/events';
import type { BatchContext, EventBatch, Rejected } from '@mirror/kafka';
import type { Logger } from '@mirror/runtime';
import type { AliveMirrors } from './drop-staged.js';
import type { MirrorPushes } from './mirror-pushes.js';
import { abortUpload } from './push/push-multipart.js';
import type { OutcomeSpeaker } from './say-outcomes.js';
import type { DoneCommands } from './state/done-commands.js';
import type { FailedOperation, FailedStore } from './state/failed-store.js';

export interface CommandConsumerParts {
  readonly alive: AliveMirrors;
  readonly done: DoneCommands;
  readonly failed: FailedStore;
  readonly mirrors: MirrorPushes;
  readonly speaker: OutcomeSpeaker;
  readonly logger: Logger;
}

/**
 * Carries out what operators ask of failed operations. Each command is done once: at or below the mirror's last done revision
 * it is ignored, and so is one of another life (rule R2). Cut off in between it comes again, and does the rest.
 */
export class CommandConsumer {
  constructor(private readonly parts: CommandConsumerParts) {}

  async apply(batch: EventBatch, { isRunning }: BatchContext): Promise<readonly Rejected[]> {
    for (const { event } of batch.events) {
      if (!isRunning()) break; // nothing is committed then
      await this.#carryOut(event);
    }
    return [];
  }

  async #carryOut(event: CloudEvent): Promise<void> {
    if (event.type !== 'RetryRequested' && event.type !== 'DiscardRequested') return;
    const { mirrorId, bucket, revision, kind, failureIds } = event.data as RetryRequested | DiscardRequested;
    if (kind !== 'push') return; // dead letters are the metadata service's
    const { alive, done, failed, logger } = this.parts;
    if (!(await alive()).has(mirrorId) || compareTimes(revision, await done.lastRevision(mirrorId)) <= 0) return;
    for await (const operation of failed.meant(mirrorId, failureIds)) {
      if (event.type === 'RetryRequested') await failed.retry(operation._id);
      else await this.#discard(operation);
      this.parts.mirrors.wake(mirrorId, operation.key);
    }
    await done.markDone(mirrorId, revision);
    logger.info({ bucket, mirrorId, command: event.type }, 'a command was carried out');
  }

  async #discard(operation: FailedOperation): Promise<void> {
    if (!(await this.parts.failed.discard(operation._id))) return;
    this.parts.speaker.completed(operation, { kind: 'discarded' });
    const { uploadId } = operation.attempt ?? {};
    const access = this.parts.mirrors.accessOf(operation.mirrorId);
    if (uploadId === undefined || !access) return;
    await abortUpload({ access }, operation.key, uploadId).catch((error: unknown) => {
      this.parts.logger.warn(
        { err: error, uploadId, key: operation.key },
        'a multipart upload is left at the connector',
      );
    });
  }
}
