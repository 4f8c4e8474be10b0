import { type Logger, Rounds } from '@mirror/runtime';
import type { AliveMirrors } from './drop-staged.js';

const SWEEP_INTERVAL_MS = 60_000;

/** What this service keeps of mirrors. */
export interface MirrorRecords {
  /** The mirrors of which there is something, current or not. */
  mirrorIds(): Promise<string[]>;
  forget(mirrorId: string): Promise<void>;
}

/** Drops what is kept of mirrors that are no more (rule R2). Pending operations go with the namespace's documents. */
export class MirrorSweep {
  readonly #rounds = new Rounds({
    round: () => this.#sweep(),
    intervalMs: () => SWEEP_INTERVAL_MS,
    onError: (error) => this.logger.warn({ err: error }, 'the sweep of detached mirrors failed'),
  });

  constructor(
    private readonly records: readonly MirrorRecords[],
    private readonly alive: AliveMirrors,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #sweep(): Promise<void> {
    for (const records of this.records) {
      const present = await records.mirrorIds(); // first: a mirror that is made in between is then alive
      const alive = await this.alive();
      for (const mirrorId of present.filter((id) => !alive.has(id))) await records.forget(mirrorId);
    }
  }
}
