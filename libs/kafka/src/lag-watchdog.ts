import type { PartitionLag } from './lag.js';

export interface LagWatchdogOptions {
  /** Of the partitions that this consumer has now. */
  lag(): Promise<readonly PartitionLag[]>;
  /** Whether a batch is being worked on: slow work is no stall. */
  isBusy(): boolean;
  onStalled(stalled: readonly PartitionLag[]): void;
  readonly intervalMs?: number;
}

const INTERVAL_MS = 30_000;

/**
 * kafkajs may silently stop to fetch a partition. This looks at intervals, and cries when a partition had lag at the last look,
 * has it still, and nothing of it was committed in between, nor is being worked on.
 */
export class LagWatchdog {
  #timer: NodeJS.Timeout | undefined;
  #last: readonly PartitionLag[] = [];
  #wasBusy = false;

  constructor(private readonly options: LagWatchdogOptions) {}

  start(): void {
    this.#timer ??= setInterval(() => void this.look(), this.options.intervalMs ?? INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A Kafka that can't be asked is no stall: the consumer's own errors tell. */
  async look(): Promise<void> {
    const now = await this.options.lag().catch(() => []);
    const isBusy = this.options.isBusy();
    const stalled = isBusy || this.#wasBusy ? [] : stalledPartitions(this.#last, now);
    this.#wasBusy = isBusy;
    this.#last = stalled.length > 0 ? [] : now;
    if (stalled.length > 0) this.options.onStalled(stalled);
  }
}

/** Those with lag in both looks and the same position. */
export function stalledPartitions(before: readonly PartitionLag[], now: readonly PartitionLag[]): PartitionLag[] {
  const positions = new Map(before.filter(({ lag }) => lag > 0).map((one) => [nameOf(one), one.committed]));
  return now.filter((one) => one.lag > 0 && positions.get(nameOf(one)) === one.committed);
}

const nameOf = ({ topicName, partition }: PartitionLag): string => `${topicName}/${partition}`;
