import { createHash, type Hash } from 'node:crypto';
import type { StagedBytes } from './staging.js';

/** Passes a body on, chunk by chunk, and takes its size and MD5 on the way. */
export class Fingerprint implements AsyncIterable<Uint8Array> {
  readonly #md5: Hash = createHash('md5');
  #size = 0;
  #failed = false;

  constructor(private readonly body: AsyncIterable<Uint8Array>) {}

  /** The body itself broke off, and not what it was passed on to. */
  get failed(): boolean {
    return this.#failed;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.body) {
        this.#md5.update(chunk);
        this.#size += chunk.byteLength;
        yield chunk;
      }
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  /** Once, after the end. */
  result(): StagedBytes {
    return { size: this.#size, md5: this.#md5.digest('hex') };
  }
}
