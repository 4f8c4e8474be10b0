import type { EventBatch, PartitionLag } from '@mirror/kafka';
import { advancePosition, type Namespace, readPositions, voidAllConfirmations } from '@mirror/namespace';
import { type Logger, Rounds } from '@mirror/runtime';

const WATCH_INTERVAL_MS = 2_000;

/**
 * Notices that MongoDB went back in time: then the stored position of a partition is behind what Kafka says was applied.
 * What was applied in between is lost with it, and no confirmation holds: all are voided, and the comparison finds what is
 * missing. It is looked for before each batch and every two seconds, for a quiet mirror has no batches. (Restored; see also
 * rule R3.)
 */
export class RestoreWatch {
  private readonly rounds = new Rounds({
    round: () => this.look(),
    intervalMs: () => WATCH_INTERVAL_MS,
    onError: (error) => this.logger.debug({ err: error }, 'the positions could not be compared'),
  });
  private committed: () => Promise<readonly PartitionLag[]> = async () => [];
  private seen = 0;

  constructor(
    private readonly namespace: Namespace,
    private readonly topicName: string,
    private readonly logger: Logger,
  ) {}

  /** How often it was restored since this process began: what is remembered of the database holds while this stays. */
  get restores(): number {
    return this.seen;
  }

  /** @param committed What the group of the changes has committed. */
  start(committed: () => Promise<readonly PartitionLag[]>): void {
    this.committed = committed;
    this.rounds.start();
  }

  stop(): Promise<void> {
    return this.rounds.stop();
  }

  /** Before a batch is applied: was something committed that is not stored? */
  async check({ partition, firstOffset }: EventBatch): Promise<void> {
    await this.compare(partition, firstOffset);
  }

  private async look(): Promise<void> {
    for (const { partition, committed: next } of await this.committed()) {
      if (!(await this.compare(partition, next))) continue;
      // Nobody will apply what is committed again: R8 must not wait for it.
      await advancePosition(this.namespace.positions, this.topicName, partition, next);
    }
  }

  /** `next` is read before the position: positions are stored before offsets are committed. */
  private async compare(partition: number, next: string): Promise<boolean> {
    const positions = await readPositions(this.namespace.positions, this.topicName);
    const stored = positions.get(String(partition)) ?? 0n;
    if (stored >= BigInt(next)) return false;
    const voided = await voidAllConfirmations(this.namespace);
    this.seen += 1;
    const context = { partition, stored: String(stored), committed: next, segments: voided };
    this.logger.warn(context, 'the database is behind the committed offsets: it was restored; all is compared again');
    return true;
  }
}
