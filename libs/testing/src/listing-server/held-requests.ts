import type { S3Request } from './s3-exchange.js';

/** One request that is kept waiting, so that a test decides what happens before it is answered. */
export interface HeldRequest {
  /** Settles when the request has come. */
  readonly reached: Promise<void>;
  /** Lets it go on; harmless before it came, and again. */
  release(): void;
}

export type RequestMatch = (request: Pick<S3Request, 'method' | 'key' | 'query'>) => boolean;

/** Requests wait here where a test asked for it; all others pass. */
export class HeldRequests {
  readonly #holds = new Set<{ readonly matches: RequestMatch; enter(): Promise<void> }>();

  /** Holds the next request that matches, and only that one. */
  hold(matches: RequestMatch): HeldRequest {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const enter = () => {
      reached.resolve();
      return released.promise;
    };
    this.#holds.add({ matches, enter });
    return { reached: reached.promise, release: () => released.resolve() };
  }

  async pass(request: S3Request): Promise<void> {
    const hold = [...this.#holds].find(({ matches }) => matches(request));
    if (!hold) return;
    this.#holds.delete(hold);
    await hold.enter();
  }
}
