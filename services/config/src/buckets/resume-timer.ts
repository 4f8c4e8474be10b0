import type { Logger } from '@mirror/runtime';

interface DuePauses {
  resumeDue(): Promise<void>;
}

/** Ends pauses whose stored hour has come. Every instance has one: resuming twice says nothing twice. */
export class ResumeTimer {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    private readonly pauses: DuePauses,
    private readonly logger: Logger,
    private readonly intervalMs = 1_000,
  ) {}

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#tick();
    }, this.intervalMs);
  }

  /** Waits for what is being resumed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #tick(): Promise<void> {
    try {
      await this.pauses.resumeDue();
    } catch (error) {
      this.logger.warn({ err: error }, 'paused mirrors could not be resumed, trying again');
    }
    if (!this.#stopped) this.start();
  }
}
