import type { Namespace } from '@mirror/namespace';
import { type Logger, Rounds } from '@mirror/runtime';
import type { StagedEntry, Staging, StagingIntents } from '@mirror/staging';
import type { Collection } from 'mongodb';

const INTERVAL_MS = 3_000;
/** Bytes without any intent are looked for rarely: none should be there. */
const STRAY_INTERVAL_MS = 600_000;
const STRAY_AGE_MS = 3_600_000;
const PAGE = 500;
const REMOVED_AT_ONCE = 16;

/** Mirrors that are alive, read to the end of their topic. */
export type AliveMirrors = () => Promise<ReadonlySet<string>>;

/**
 * Drops staged bytes (rule R12): those of operations whose record is majority-acknowledged, and those that nobody will commit
 * any more. Bytes go first, then their intent, so that a crash in between leaves something to be found.
 */
export class StagedDrop {
  readonly #rounds = new Rounds({
    round: (signal) => this.#sweep(signal),
    intervalMs: () => INTERVAL_MS,
    onError: (error) => this.logger.warn({ err: error }, 'the sweep of staged bytes failed; it goes on'),
  });
  readonly #pending: Collection<{ _id: string }>;
  #straysAt = 0;

  constructor(
    namespace: Namespace,
    private readonly staging: Staging,
    private readonly intents: StagingIntents,
    private readonly abandonAfterMs: number,
    private readonly alive: AliveMirrors,
    /** False: nothing may be dropped, for it may be needed to make again what a restored database lost. */
    private readonly mayDrop: () => boolean,
    private readonly logger: Logger,
  ) {
    this.#pending = namespace.pendingOperations as unknown as Collection<{ _id: string }>;
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    if (!this.mayDrop()) return;
    await this.#abandonOfPast();
    await this.intents.abandonOlder(this.abandonAfterMs, PAGE);
    for (;;) {
      const some = await this.intents.abandoned(PAGE);
      await this.#drop(some.map(({ _id }) => _id));
      if (some.length < PAGE || signal.aborted) break;
    }
    for await (const over of this.intents.committedWithout(this.#pending)) {
      await this.#drop(over.map(({ _id }) => _id));
      if (signal.aborted) return;
    }
    await this.#dropStrays();
  }

  /** Intents first: a mirror that is made in between is then among the living. */
  async #abandonOfPast(): Promise<void> {
    const mirrorIds = await this.intents.mirrorIds();
    if (mirrorIds.length === 0) return;
    const alive = await this.alive();
    for (const mirrorId of mirrorIds.filter((id) => !alive.has(id))) await this.intents.abandonMirror(mirrorId);
  }

  async #drop(stagedIds: readonly string[]): Promise<void> {
    for (let begin = 0; begin < stagedIds.length; begin += REMOVED_AT_ONCE) {
      const some = stagedIds.slice(begin, begin + REMOVED_AT_ONCE);
      await Promise.all(some.map((stagedId) => this.staging.remove(stagedId)));
      await this.intents.remove(some);
    }
  }

  async #dropStrays(): Promise<void> {
    if (performance.now() < this.#straysAt) return;
    this.#straysAt = performance.now() + STRAY_INTERVAL_MS;
    let page: StagedEntry[] = [];
    for await (const entry of this.staging.list()) {
      if (Date.now() - entry.at.getTime() < STRAY_AGE_MS) continue;
      page.push(entry);
      if (page.length < PAGE) continue;
      await this.#dropUnknown(page);
      page = [];
    }
    await this.#dropUnknown(page);
  }

  async #dropUnknown(page: readonly StagedEntry[]): Promise<void> {
    const known = await this.intents.known(page.map(({ stagedId }) => stagedId));
    const strays = page.filter(({ stagedId }) => !known.has(stagedId));
    for (const { stagedId } of strays) await this.staging.remove(stagedId);
    if (strays.length > 0) this.logger.warn({ count: strays.length }, 'dropped staged bytes that nobody knew');
  }
}
