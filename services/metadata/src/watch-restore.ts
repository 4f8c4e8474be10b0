import type { EventBatch } from '@mirror/kafka';
import { type Namespace, readPositions, voidAllConfirmations } from '@mirror/namespace';
import type { Logger } from '@mirror/runtime';

/**
 * Notices that MongoDB went back in time: then the stored position of a partition is behind what Kafka says was applied, so
 * that the next batch begins after a gap. What was applied in between is lost with it, and no confirmation holds: all are
 * voided, and the comparison finds what is missing. (Restored; see also rule R3.)
 */
export class RestoreWatch {
  constructor(
    private readonly namespace: Namespace,
    private readonly topicName: string,
    private readonly logger: Logger,
  ) {}

  /** Called before a batch is applied. True: it was restored, and nothing remembered of the database holds. */
  async check({ partition, firstOffset }: EventBatch): Promise<boolean> {
    const positions = await readPositions(this.namespace.positions, this.topicName);
    const next = positions.get(String(partition)) ?? 0n;
    if (next >= BigInt(firstOffset)) return false;
    const voided = await voidAllConfirmations(this.namespace);
    const context = { partition, storedNext: String(next), firstOffset, segments: voided };
    this.logger.warn(context, 'the database is behind the committed offsets: it was restored; all is compared again');
    return true;
  }
}
