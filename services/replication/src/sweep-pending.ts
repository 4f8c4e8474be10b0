import type { Namespace } from '@mirror/namespace';
import { type Logger, Rounds } from '@mirror/runtime';
import type { Collection } from 'mongodb';
import type { MirrorPushes } from './mirror-pushes.js';
import type { OutcomeSpeaker } from './say-outcomes.js';
import type { Operation } from './state/push-attempt.js';

const PAGE = 1_000;
/** A queue that holds more than this is left to work first. */
const ENOUGH_QUEUED = 2_000;
const PASS_INTERVAL_MS = 3_000;
const FULL_INTERVAL_MS = 250;

type Position = Pick<Operation, 'mirrorId' | 'key' | 'sequence'>;

/**
 * Nothing is forgotten (rule R11): whatever is pending comes to its queue, whether or not its event ever did, and outcomes
 * that are not recorded are said again. It goes through the pending operations over and over, no faster than they are pushed.
 */
export class PendingSweep {
  readonly #operations: Collection<Operation>;
  readonly #rounds = new Rounds({
    round: () => this.#page(),
    intervalMs: () => (this.#after === null ? PASS_INTERVAL_MS : FULL_INTERVAL_MS),
    onError: (error) => {
      this.logger.warn({ err: error }, 'the sweep of pending operations failed; it goes on');
      this.#after = null;
    },
  });
  /** Where to go on; null: from the first. */
  #after: Position | null = null;

  constructor(
    namespace: Namespace,
    private readonly mirrors: MirrorPushes,
    private readonly speaker: OutcomeSpeaker,
    /** False: the database was restored, and what it holds is put in order first. */
    private readonly mayPush: () => boolean,
    private readonly logger: Logger,
  ) {
    this.#operations = namespace.pendingOperations as unknown as Collection<Operation>; // `attempt` is this service's own
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #page(): Promise<void> {
    if (!this.mayPush()) return;
    if (this.mirrors.ids().some((id) => (this.mirrors.queued(id) ?? 0) > ENOUGH_QUEUED)) return;
    const alive = new Set(this.mirrors.ids());
    const operations = await this.#operations
      .find(this.#after ? behind(this.#after) : {}, { sort: { mirrorId: 1, key: 1, sequence: 1 }, limit: PAGE })
      .project<Operation>({ 'what.content': 0, 'what.description': 0, attempt: 0 })
      .toArray();
    for (const { outcome, ...operation } of operations) {
      // Said without the key's lease: it is stored, and will not be another one.
      if (!outcome) this.mirrors.nudge(operation.mirrorId, operation.key);
      else if (alive.has(operation.mirrorId)) this.speaker.completed(operation, outcome);
    }
    this.#after = operations.length < PAGE ? null : (operations.at(-1) ?? null);
  }
}

function behind({ mirrorId, key, sequence }: Position) {
  return {
    $or: [
      { mirrorId: { $gt: mirrorId } },
      { mirrorId, key: { $gt: key } },
      { mirrorId, key, sequence: { $gt: sequence } },
    ],
  };
}
