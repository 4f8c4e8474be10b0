import type { Logger } from '@mirror/runtime';
import type { z } from 'zod';
import { type DeadLetter, type DeadLetterPage, deadLetter, deadLetterPage } from '../failures/failure.js';
import type { PageRequest } from '../http/page.js';
import { type MirrorFigures, mirrorFigures, type PollerStatus, pollerStatus, type Told } from './mirror-status.js';

export interface StatusSourcesOptions {
  readonly pollerUrl: string;
  readonly metadataUrl: string;
  readonly serviceToken: string;
}

const TIMEOUT_MS = 2_000;
/** How long an owner that did not answer is not asked again, so that a list of many mirrors does not wait for each. */
const QUIET_MS = 1_000;

/** Asks the services that own a mirror's figures, over their internal HTTP. Never rejects: who is down says nothing. */
export class StatusSources {
  readonly #poller: Owner;
  readonly #metadata: Owner;

  constructor({ pollerUrl, metadataUrl, serviceToken }: StatusSourcesOptions, logger: Logger) {
    this.#poller = new Owner(pollerUrl, serviceToken, logger);
    this.#metadata = new Owner(metadataUrl, serviceToken, logger);
  }

  poller(mirrorId: string): Promise<Told<PollerStatus>> {
    return this.#poller.ask(`/internal/v1/mirrors/${encodeURIComponent(mirrorId)}/status`, pollerStatus);
  }

  figures(mirrorId: string): Promise<Told<MirrorFigures>> {
    return this.#metadata.ask(`/internal/v1/mirrors/${encodeURIComponent(mirrorId)}/figures`, mirrorFigures);
  }

  /** @param mirrorId Only those of this mirror. */
  deadLetters(page: PageRequest & { readonly mirrorId: string | undefined }): Promise<Told<DeadLetterPage>> {
    const query = new URLSearchParams({ limit: String(page.limit) });
    if (page.after !== undefined) query.set('after', page.after);
    if (page.mirrorId !== undefined) query.set('mirrorId', page.mirrorId);
    return this.#metadata.ask(`/internal/v1/dead-letters?${query}`, deadLetterPage);
  }

  deadLetter(id: string): Promise<Told<DeadLetter>> {
    return this.#metadata.ask(`/internal/v1/dead-letters/${encodeURIComponent(id)}`, deadLetter);
  }
}

class Owner {
  #quietUntil = 0;

  constructor(
    private readonly url: string,
    private readonly serviceToken: string,
    private readonly logger: Logger,
  ) {}

  async ask<T>(path: string, schema: z.ZodType<T>): Promise<Told<T>> {
    if (performance.now() < this.#quietUntil) return { kind: 'unreachable' };
    try {
      const response = await fetch(`${this.url}${path}`, {
        headers: { authorization: `Bearer ${this.serviceToken}` },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: 'error',
      });
      if (response.status === 404) return { kind: 'unknown' };
      if (!response.ok) throw new Error(`It answered ${response.status}`);
      return { kind: 'told', value: schema.parse(await response.json()) };
    } catch (error) {
      this.#quietUntil = performance.now() + QUIET_MS;
      this.logger.warn({ err: error, url: this.url }, 'a service did not tell the state of a mirror');
      return { kind: 'unreachable' };
    }
  }
}
