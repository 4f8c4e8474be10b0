import { setTimeout as sleep } from 'node:timers/promises';
import { type Namespace, type PendingKey, pendingKeys } from '@mirror/namespace';
import type { Logger } from '@mirror/runtime';
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
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly namespace: Namespace,
    private readonly mirrors: MirrorPushes,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    let after: PendingKey | null = null;
    while (!this.#stopping.signal.aborted) {
      try {
        after = await this.#page(after);
      } catch (error) {
        this.logger.warn({ err: error }, 'the sweep of pending operations failed; it goes on');
        after = null;
      }
      await this.#pause(after === null ? PASS_INTERVAL_MS : FULL_INTERVAL_MS);
    }
  }

  /** Answers where to go on; null: from the first, this was the last page. */
  async #page(after: PendingKey | null): Promise<PendingKey | null> {
    if (this.mirrors.ids().some((id) => (this.mirrors.queued(id) ?? 0) > ENOUGH_QUEUED)) return after;
    const keys = await pendingKeys(this.namespace, after, PAGE);
    for (const { mirrorId, key } of keys) this.mirrors.nudge(mirrorId, key);
    return keys.length < PAGE ? null : (keys.at(-1) ?? null);
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
