import { closeUploads, type Namespace, reopenUploads } from '@mirror/namespace';
import { type Logger, Rounds } from '@mirror/runtime';
import type { Collection } from 'mongodb';

interface Closing {
  /** The mirrorId. */
  readonly _id: string;
  /** By the database's clock. */
  readonly at: Date;
}

/** A detach that has not come to its end by then never will: its transaction is given up long before. */
const FORGOTTEN_MS = 300_000;
const SWEEP_INTERVAL_MS = 60_000;

/**
 * The uploads of a mirror are closed while it is being detached (rule R2): nothing is accepted then. A detach that is refused
 * opens them again; one whose process died is found by the sweep.
 */
export class UploadClosings {
  readonly #closings: Collection<Closing>;
  readonly #rounds = new Rounds({
    round: () => this.#sweep(),
    intervalMs: () => SWEEP_INTERVAL_MS,
    onError: (error) => this.logger.warn({ err: error }, 'the sweep of closed uploads failed'),
  });

  constructor(
    private readonly namespace: Namespace,
    private readonly alive: () => Promise<ReadonlySet<string>>,
    private readonly logger: Logger,
  ) {
    this.#closings = namespace.db.collection('uploadClosings', { writeConcern: { w: 'majority' } });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** When it resolves, everything that was accepted can be counted, and nothing more is accepted. */
  async close(mirrorId: string): Promise<void> {
    // Noted first: what is closed is always found.
    await this.#closings.updateOne({ _id: mirrorId }, { $currentDate: { at: true } }, { upsert: true });
    await closeUploads(this.namespace.uploadGates, mirrorId);
  }

  async reopen(mirrorId: string): Promise<void> {
    await reopenUploads(this.namespace.uploadGates, mirrorId);
    await this.#closings.deleteOne({ _id: mirrorId });
  }

  async #sweep(): Promise<void> {
    const old = { $expr: { $lt: ['$at', { $subtract: ['$$NOW', FORGOTTEN_MS] }] } };
    const forgotten = await this.#closings.find(old).toArray();
    if (forgotten.length === 0) return;
    const alive = await this.alive();
    for (const { _id: mirrorId } of forgotten) {
      if (alive.has(mirrorId)) await this.reopen(mirrorId);
      else await this.#closings.deleteOne({ _id: mirrorId }); // detached: it stays closed
    }
  }
}
