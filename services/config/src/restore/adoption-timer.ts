import type { Logger } from '@mirror/runtime';

const INTERVAL_MS = 5_000;

/** Looks again and again whether the database is behind what was said. It begins when the topics have been read. */
export class AdoptionTimer {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    private readonly adoption: { run(): Promise<number> },
    private readonly logger: Logger,
  ) {}

  start(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#tick();
    }, INTERVAL_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #tick(): Promise<void> {
    try {
      await this.adoption.run();
    } catch (error) {
      this.logger.warn({ err: error }, 'it could not be seen whether the database was restored, trying again');
    }
    this.start();
  }
}
