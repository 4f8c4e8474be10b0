export interface CachedLookupOptions {
  /** How long an answer holds, counted from before it was asked for. */
  readonly foundMs: number;
  /** How long "there is none" holds. */
  readonly missingMs: number;
  /** The oldest is forgotten beyond this: whoever asks for names at random can't fill the memory. */
  readonly maxEntries: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

interface Kept<T> {
  readonly answer: Promise<T | null>;
  /** Undefined while it is on its way. */
  until?: number;
}

/**
 * Answers of a slow source, kept for a while. Those who ask for the same while it is on its way share one question. A failure
 * is not kept: it goes to those who asked, and the next one asks again.
 */
export class CachedLookup<T> {
  readonly #kept = new Map<string, Kept<T>>();

  constructor(
    private readonly load: (key: string) => Promise<T | null>,
    private readonly options: CachedLookupOptions,
  ) {}

  /** Null: there is none. Rejects as the source does. */
  get(key: string): Promise<T | null> {
    const kept = this.#kept.get(key);
    if (kept !== undefined && this.options.now() < (kept.until ?? Number.POSITIVE_INFINITY)) return kept.answer;
    return this.#ask(key);
  }

  /** Also what is on its way: it was asked for before whatever happened. */
  forget(key: string): void {
    this.#kept.delete(key);
  }

  #ask(key: string): Promise<T | null> {
    const askedAt = this.options.now();
    const kept: Kept<T> = { answer: this.load(key) };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    this.#forgetOldest();
    kept.answer.then(
      (value) => {
        kept.until = askedAt + (value === null ? this.options.missingMs : this.options.foundMs);
      },
      () => {
        if (this.#kept.get(key) === kept) this.#kept.delete(key);
      },
    );
    return kept.answer;
  }

  #forgetOldest(): void {
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.options.maxEntries && oldest !== undefined) this.#kept.delete(oldest);
  }
}
