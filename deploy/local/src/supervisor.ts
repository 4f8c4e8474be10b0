import type { Report } from './servers/install-cache.js';
import type { ServerProcess } from './servers/server-process.js';
import { tailOf } from './servers/server-process.js';

const firstDelayMs = 1000;
const highestDelayMs = 30_000;
/** One that ran this long before it died begins again with the first delay. */
const provenAfterMs = 60_000;

/**
 * Keeps processes running that were started once: one that dies is reported with the end of its log and started again,
 * after a delay that doubles each time. From `release` on, nothing is started any more.
 */
export class Supervisor {
  #released = false;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(private readonly report: Report) {}

  /** Takes over a process that runs. */
  watch(child: ServerProcess): void {
    let delayMs = firstDelayMs;
    let startedAt = Date.now();
    const restart = async (): Promise<void> => {
      if (this.#released) return;
      try {
        startedAt = Date.now();
        await child.start();
        this.report(`${child.name} runs again`);
      } catch (error) {
        schedule((error as Error).message);
      }
    };
    const schedule = (reason: string): void => {
      if (this.#released) return;
      if (Date.now() - startedAt > provenAfterMs) delayMs = firstDelayMs;
      this.report(`${reason}\n${child.name} is started again in ${delayMs / 1000} s`);
      this.#later(restart, delayMs);
      delayMs = Math.min(delayMs * 2, highestDelayMs);
    };
    child.onDeath(() => schedule(`${child.name} died. The end of ${child.logFile}:\n${tailOf(child.logFile)}`));
  }

  release(): void {
    this.#released = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #later(action: () => Promise<void>, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void action();
    }, delayMs);
    this.#timers.add(timer);
  }
}
