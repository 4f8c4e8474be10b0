import { type Namespace, type PendingKey, pendingKeys } from '@mirror/namespace';
import { type Logger, Rounds } from '@mirror/runtime';
import type { MirrorPushes } from './mirror-pushes.js';

const PAGE = 1_000;
/** A queue that holds more than this is left to work first. */
const ENOUGH_QUEUED = 2_000;
const PASS_INTERVAL_MS = 3_000;
const FULL_INTERVAL_MS = 250;

/**
 * Nothing is forgotten (rule R11): whatever is pending comes to its queue, whether or not its event ever did, and outcomes
 * that are not recorded are said again. It goes through the pending keys over and over, no faster than they are pushed.
 */
export class PendingSweep {
  readonly #rounds = new Rounds({
    round: () => this.#page(),
    intervalMs: () => (this.#after === null ? PASS_INTERVAL_MS : FULL_INTERVAL_MS),
    onError: (error) => {
      this.logger.warn({ err: error }, 'the sweep of pending operations failed; it goes on');
      this.#after = null;
    },
  });
  /** Where to go on; null: from the first. */
  #after: PendingKey | null = null;

  constructor(
    private readonly namespace: Namespace,
    private readonly mirrors: MirrorPushes,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #page(): Promise<void> {
    if (this.mirrors.ids().some((id) => (this.mirrors.queued(id) ?? 0) > ENOUGH_QUEUED)) return;
    const keys = await pendingKeys(this.namespace, this.#after, PAGE);
    for (const { mirrorId, key } of keys) this.mirrors.nudge(mirrorId, key);
    this.#after = keys.length < PAGE ? null : (keys.at(-1) ?? null);
  }
}
