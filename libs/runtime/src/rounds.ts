import { Stir } from './stir.js';

export interface RoundsOptions {
  /** The signal is aborted when it is to come to its end soon. */
  round(signal: AbortSignal): Promise<unknown>;
  /** From the end of a round to the begin of the next; asked after each. */
  intervalMs(): number;
  /** Of a round that failed; the next one comes all the same. */
  onError(error: unknown): void;
}

/**
 * One piece of work, done again and again: a round at once, then a pause, then the next, and never two at a time. It is *new*
 * until `start()`, *going* until `stop()`, and *stopped* for good; a start after the stop does nothing.
 */
export class Rounds {
  readonly #stopping = new AbortController();
  readonly #stir = new Stir();
  #going: Promise<void> | undefined;

  constructor(private readonly options: RoundsOptions) {}

  start(): void {
    this.#going ??= this.#go();
  }

  /** The next round comes at once, or right after the one that runs. */
  hurry(): void {
    this.#stir.now();
  }

  /** Waits for the round that runs. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#going;
  }

  async #go(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.options.round(signal);
      } catch (error) {
        this.options.onError(error);
      }
      await this.#stir.wait(this.options.intervalMs(), signal);
    }
  }
}
