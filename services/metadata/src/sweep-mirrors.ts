import type { Namespace } from '@mirror/namespace';
import { type Logger, Rounds } from '@mirror/runtime';
import type { CurrentMirrors } from './current-mirrors.js';

const SWEEP_INTERVAL_MS = 60_000;

/** What is kept of mirrors, beside the namespace. */
export interface MirrorRecords {
  /** The mirrors of which there is something, current or not. */
  mirrorIds(): Promise<string[]>;
  forget(mirrorId: string): Promise<void>;
}

/** Drops the documents and dead letters of mirrors that are no more (rule R2): at their detach, and every minute for what came late. */
export class MirrorSweep {
  private readonly rounds = new Rounds({
    round: () => this.sweep(),
    intervalMs: () => SWEEP_INTERVAL_MS,
    onError: (error) => this.logger.warn({ err: error }, 'the sweep of detached mirrors failed'),
  });

  constructor(
    private readonly namespace: Namespace,
    private readonly records: readonly MirrorRecords[],
    private readonly mirrors: CurrentMirrors,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.rounds.start();
  }

  /** A mirror was detached. */
  hurry(): void {
    this.rounds.hurry();
  }

  stop(): Promise<void> {
    return this.rounds.stop();
  }

  private async sweep(): Promise<void> {
    // Collections first: a mirror that is made in between is then in the table, and not among the collections.
    const present = await this.namespace.mirrorIds();
    const recorded = await Promise.all(this.records.map((records) => records.mirrorIds()));
    const current = await this.mirrors.allIds();
    for (const mirrorId of present.filter((id) => !current.has(id))) {
      await this.namespace.dropMirror(mirrorId);
      this.logger.info({ mirrorId }, 'dropped the documents of a detached mirror');
    }
    for (const [index, records] of this.records.entries()) {
      const past = recorded[index]?.filter((id) => !current.has(id)) ?? [];
      for (const mirrorId of past) await records.forget(mirrorId);
    }
  }
}
