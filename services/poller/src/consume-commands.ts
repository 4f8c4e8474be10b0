import { type CloudEvent, compareTimes, type RemovalsAccepted, type VerifyRequested } from '@mirror/events';
import type { EventBatch, Rejected } from '@mirror/kafka';
import type { Logger } from '@mirror/runtime';
import type { VisitStores } from './visit/visit-segment.js';

type Command =
  | (CloudEvent & { readonly type: 'VerifyRequested'; readonly data: VerifyRequested })
  | (CloudEvent & { readonly type: 'RemovalsAccepted'; readonly data: RemovalsAccepted });

const isOurs = (event: CloudEvent): event is Command =>
  event.type === 'VerifyRequested' || event.type === 'RemovalsAccepted';

/**
 * Carries out what operators ask of a mirror. Each command is done once: at or below the mirror's last done revision it is
 * ignored (rule R2), so that the topic can be replayed; a mirror that is no more, or not polled yet, has no progress
 * document, and its commands mean nothing.
 */
export class CommandConsumer {
  constructor(
    private readonly stores: VisitStores,
    private readonly logger: Logger,
  ) {}

  async apply(batch: EventBatch): Promise<readonly Rejected[]> {
    for (const { event } of batch.events) await this.carryOut(event);
    return [];
  }

  private async carryOut(event: CloudEvent): Promise<void> {
    if (!isOurs(event)) return; // retries and discards are for those who hold what failed
    const { mirrorId, revision, bucket } = event.data;
    const progress = await this.stores.progress.read(mirrorId);
    if (!progress || compareTimes(revision, progress.doneRevision) <= 0) return;
    if (event.type === 'VerifyRequested') await this.verify(mirrorId);
    else await this.accept(event.data);
    await this.stores.progress.markDone(mirrorId, revision);
    this.logger.info({ bucket, mirrorId, command: event.type }, 'a command was carried out');
  }

  private async verify(mirrorId: string): Promise<void> {
    // In this order: a visit that still met a confirmation began before the verification did, and does not count for it.
    await this.stores.segments.voidConfirmations(mirrorId);
    await this.stores.progress.startVerification(mirrorId);
  }

  private async accept({ mirrorId, ledger }: RemovalsAccepted): Promise<void> {
    await this.stores.ledger.accept(mirrorId, ledger);
    await this.stores.progress.releaseRemovals(mirrorId);
  }
}
