import { setTimeout as sleep } from 'node:timers/promises';

/** For requests to the database: a push waits for six of them at most that long, and some ten share one. */
const DATABASE_PACE_MS = 20;

interface Waiting<T, R> {
  readonly item: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/**
 * Requests of many keys, each of which waits for its own: what comes while one request is under way goes together in the next.
 * The first after a rest waits for nobody; under load each begins some time after the one before it, so that one request and
 * one wait for the journal serve many.
 */
export class GroupCommit<T, R> {
  #waiting: Waiting<T, R>[] = [];
  #running = false;
  /** The next group begins no earlier, in monotonic milliseconds. */
  #notBefore = 0;

  /**
   * @param work Answers in the order of the items. Where it throws, each of several is tried once more by itself, so that one
   * which can't be done holds up nobody else: done twice, an item must answer the same.
   * @param most Items at once.
   * @param paceMs From the begin of a group to that of the next, unless as many as fit are waiting.
   */
  constructor(
    private readonly work: (items: readonly T[]) => Promise<readonly R[]>,
    private readonly most: number,
    private readonly paceMs = DATABASE_PACE_MS,
  ) {}

  run(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Those who ask in the same turn of the event loop are together in the first one as well.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const waitMs = this.#notBefore - performance.now();
      if (waitMs > 0 && this.#waiting.length < this.most) await sleep(waitMs);
      this.#notBefore = performance.now() + this.paceMs;
      const group = this.#waiting.splice(0, this.most);
      if (group.length === 1 || !(await this.#settle(group))) await Promise.all(group.map((one) => this.#alone(one)));
      await new Promise(setImmediate); // what they do next may be together again
    }
    this.#running = false;
  }

  async #settle(group: readonly Waiting<T, R>[]): Promise<boolean> {
    try {
      const results = await this.work(group.map(({ item }) => item));
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as R);
      return true;
    } catch {
      return false;
    }
  }

  async #alone({ item, resolve, reject }: Waiting<T, R>): Promise<void> {
    try {
      const [result] = await this.work([item]);
      resolve(result as R);
    } catch (error) {
      reject(error);
    }
  }
}
