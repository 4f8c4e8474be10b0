import type { Logger } from '@mirror/runtime';
import type { z } from 'zod';
import {
  type DeadLetter,
  type DeadLetterPage,
  deadLetter,
  deadLetterPage,
  type PushFailure,
  type PushFailurePage,
  pushFailure,
  pushFailurePage,
} from '../failures/failure.js';
import type { PageRequest } from '../http/page.js';
import {
  type ClosedUploads,
  closedUploads,
  type MirrorFigures,
  mirrorFigures,
  type PollerStatus,
  pollerStatus,
  reopenedUploads,
  type Told,
  type Uploads,
  uploads,
} from './mirror-status.js';

export interface StatusSourcesOptions {
  readonly pollerUrl: string;
  readonly metadataUrl: string;
  readonly replicationUrl: string;
  readonly serviceToken: string;
}

const TIMEOUT_MS = 2_000;
/** It may have much to count. */
const CLOSE_TIMEOUT_MS = 8_000;
/** How long an owner that did not answer is not asked again, so that a list of many mirrors does not wait for each. */
const QUIET_MS = 1_000;

/** Asks the services that own a mirror's figures, over their internal HTTP. Never rejects: who is down says nothing. */
export class StatusSources {
  readonly #poller: Owner;
  readonly #metadata: Owner;
  readonly #replication: Owner;

  constructor({ pollerUrl, metadataUrl, replicationUrl, serviceToken }: StatusSourcesOptions, logger: Logger) {
    this.#poller = new Owner(pollerUrl, serviceToken, logger);
    this.#metadata = new Owner(metadataUrl, serviceToken, logger);
    this.#replication = new Owner(replicationUrl, serviceToken, logger);
  }

  poller(mirrorId: string): Promise<Told<PollerStatus>> {
    return this.#poller.ask(`/internal/v1/mirrors/${encodeURIComponent(mirrorId)}/status`, pollerStatus);
  }

  figures(mirrorId: string): Promise<Told<MirrorFigures>> {
    return this.#metadata.ask(`/internal/v1/mirrors/${encodeURIComponent(mirrorId)}/figures`, mirrorFigures);
  }

  uploads(mirrorId: string): Promise<Told<Uploads>> {
    return this.#replication.ask(uploadsPath(mirrorId), uploads);
  }

  /** Nothing more is accepted for the mirror; how much waits. Where it is `unreachable`, it may have been closed nevertheless. */
  closeUploads(mirrorId: string): Promise<Told<ClosedUploads>> {
    return this.#replication.tell(`${uploadsPath(mirrorId)}/close`, closedUploads);
  }

  async reopenUploads(mirrorId: string): Promise<void> {
    await this.#replication.tell(`${uploadsPath(mirrorId)}/reopen`, reopenedUploads);
  }

  deadLetters(page: FailurePageRequest): Promise<Told<DeadLetterPage>> {
    return this.#metadata.ask(`/internal/v1/dead-letters?${queryOf(page)}`, deadLetterPage);
  }

  deadLetter(id: string): Promise<Told<DeadLetter>> {
    return this.#metadata.ask(`/internal/v1/dead-letters/${encodeURIComponent(id)}`, deadLetter);
  }

  pushFailures(page: FailurePageRequest): Promise<Told<PushFailurePage>> {
    return this.#replication.ask(`/internal/v1/push-failures?${queryOf(page)}`, pushFailurePage);
  }

  pushFailure(id: string): Promise<Told<PushFailure>> {
    return this.#replication.ask(`/internal/v1/push-failures/${encodeURIComponent(id)}`, pushFailure);
  }
}

/** `mirrorId`: only those of this mirror. */
type FailurePageRequest = PageRequest & { readonly mirrorId: string | undefined };

function queryOf({ limit, after, mirrorId }: FailurePageRequest): URLSearchParams {
  const query = new URLSearchParams({ limit: String(limit) });
  if (after !== undefined) query.set('after', after);
  if (mirrorId !== undefined) query.set('mirrorId', mirrorId);
  return query;
}

const uploadsPath = (mirrorId: string): string => `/internal/v1/mirrors/${encodeURIComponent(mirrorId)}/uploads`;

class Owner {
  #quietUntil = 0;

  constructor(
    private readonly url: string,
    private readonly serviceToken: string,
    private readonly logger: Logger,
  ) {}

  async ask<T>(path: string, schema: z.ZodType<T>): Promise<Told<T>> {
    if (performance.now() < this.#quietUntil) return { kind: 'unreachable' };
    return this.#fetch('GET', path, schema, TIMEOUT_MS);
  }

  /** Also while it is quiet: what is told matters more than what it takes. */
  tell<T>(path: string, schema: z.ZodType<T>): Promise<Told<T>> {
    return this.#fetch('POST', path, schema, CLOSE_TIMEOUT_MS);
  }

  async #fetch<T>(method: string, path: string, schema: z.ZodType<T>, timeoutMs: number): Promise<Told<T>> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.serviceToken}` },
        signal: AbortSignal.timeout(timeoutMs),
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
