import type { KeyState } from './push-key.js';

interface Entry {
  /** Monotonic milliseconds; not before. */
  dueAt: number;
  retries: number;
}

export interface KeyQueueOptions {
  /** Keys worked at at the same time. */
  readonly atOnce: number;
  /** Begun no earlier than so many can begin together: what they ask of the database first is then asked once. 1: at once. */
  readonly together: number;
  /** Keys that wait here at most; the sweep brings those that found no place. */
  readonly maxWaiting: number;
  /** Whether one may begin now; when that changes, `pump` is called. */
  mayBegin(): boolean;
  /** Never rejects. */
  work(key: string, retries: number): Promise<KeyState>;
  /** Monotonic milliseconds. */
  now(): number;
}

/**
 * The keys of one mirror that may have something to be pushed: each is worked at by one at a time, in the order in which
 * they came, and comes back when it is to be tried again. It holds keys only: what there is to do is in the database.
 */
export class KeyQueue {
  readonly #waiting = new Map<string, Entry>();
  readonly #working = new Set<string>();
  /** Nudged while it was worked at: looked at once more. */
  readonly #again = new Set<string>();
  readonly #idle: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: KeyQueueOptions) {}

  get size(): number {
    return this.#waiting.size + this.#working.size;
  }

  /** Something may be there for this key. One that waits for its time goes on waiting. */
  nudge(key: string): void {
    if (this.#working.has(key)) this.#again.add(key);
    else if (!this.#waiting.has(key)) {
      if (this.#waiting.size >= this.options.maxWaiting) return;
      this.#waiting.set(key, { dueAt: 0, retries: 0 });
    }
    this.pump();
  }

  /** Every waiting key is looked at now, whatever it waited for. */
  wakeAll(): void {
    for (const entry of this.#waiting.values()) entry.dueAt = 0;
    this.pump();
  }

  wake(key: string): void {
    this.#waiting.delete(key);
    this.nudge(key);
  }

  pump(): void {
    const now = this.options.now();
    let nextDue = Number.POSITIVE_INFINITY;
    // Those that end make room: the last of them comes back to here.
    if (this.#working.size > this.options.atOnce - this.options.together) return;
    for (const [key, { dueAt, retries }] of this.#waiting) {
      if (this.#working.size >= this.options.atOnce || !this.options.mayBegin()) break;
      if (dueAt <= now) this.#begin(key, retries);
      else nextDue = Math.min(nextDue, dueAt);
    }
    this.#wakeAt(nextDue, now);
  }

  /** Nothing begins any more; resolves when what runs has ended. */
  async drain(): Promise<void> {
    clearTimeout(this.#timer);
    this.#waiting.clear();
    this.#again.clear();
    if (this.#working.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #begin(key: string, retries: number): void {
    this.#waiting.delete(key);
    this.#working.add(key);
    void this.options.work(key, retries).then((state) => this.#end(key, state));
  }

  #end(key: string, state: KeyState): void {
    this.#working.delete(key);
    const again = this.#again.delete(key);
    if (state.kind === 'later') {
      this.#waiting.set(key, { dueAt: this.options.now() + state.afterMs, retries: state.retries });
    } else if (again) this.#waiting.set(key, { dueAt: 0, retries: 0 });
    this.pump();
    if (this.#working.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #wakeAt(dueAt: number, now: number): void {
    clearTimeout(this.#timer);
    if (dueAt === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.pump(), Math.min(2 ** 31 - 1, Math.max(1, dueAt - now)));
  }
}
