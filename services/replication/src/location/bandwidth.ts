import { setTimeout as sleep } from 'node:timers/promises';

/** Small, so that of many bodies that share a narrow way none is silent for so long that its connection is given up. */
const PIECE_BYTES = 16 * 1024;

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
      for (let begin = 0; begin < chunk.length; begin += PIECE_BYTES) {
        const piece = chunk.subarray(begin, begin + PIECE_BYTES);
        const waitMs = this.take(piece.length);
        if (waitMs > 0) await sleep(waitMs, undefined, { signal });
        yield piece;
      }
    }
  }
}
