import { setTimeout as sleep } from 'node:timers/promises';

/** Bytes a second of one location, shared by all that is pushed there. 0: as much as goes. */
export class Bandwidth {
  /** When the bytes taken so far are through, in monotonic milliseconds. */
  #freeAt = 0;

  constructor(
    readonly bytesPerSecond: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get isLimited(): boolean {
    return this.bytesPerSecond > 0;
  }

  /** Milliseconds to wait before these bytes go. */
  take(bytes: number): number {
    if (!this.isLimited) return 0;
    const now = this.now();
    const begin = Math.max(now, this.#freeAt);
    this.#freeAt = begin + (bytes / this.bytesPerSecond) * 1000;
    return begin - now;
  }

  /** The same bytes, in time. */
  async *pace(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      const waitMs = this.take(chunk.length);
      if (waitMs > 0) await sleep(waitMs, undefined, { signal });
      yield chunk;
    }
  }
}
