import type { CachedLookup, LocationCredentials } from '@mirror/config-client';
import {
  type ConnectorTarget,
  createConnectorClient,
  describeVersion,
  type EndpointGuard,
  headVersion,
  listVersionsPage,
  locationTarget,
  type RawVersionPage,
  translateS3Error,
  type VersionDescription,
} from '@mirror/connector';
import { PermanentError, TransientError } from '@mirror/runtime';
import type { PageRequest } from './page-request.js';
import type { RequestBudget } from './request-budget.js';
import type { RequestWindow } from './request-window.js';

type Client = ReturnType<typeof createConnectorClient>;

/** Answers of these mean that the credentials may have been rotated: they are fetched anew. */
const CREDENTIALS_DOUBTED = new Set(['S3.ACCESS_DENIED', 'S3.SIGNATURE', 'S3.ACCESS_KEY']);

const REQUEST_TIMEOUT_MS = 10_000;

/** How fast an endpoint is asked, and for how many listings at once. */
export interface Pace {
  readonly budget: RequestBudget;
  readonly window: RequestWindow;
}

/** One mirror's way to its target bucket. Every request draws on the location's budget; every error is translated. */
export class ConnectorAccess {
  private connected: { readonly client: Client; readonly target: ConnectorTarget } | null = null;
  private requestCount = 0;

  constructor(
    private readonly location: string,
    private readonly credentials: CachedLookup<LocationCredentials>,
    private readonly guard: EndpointGuard,
    private readonly pace: Pace,
    private readonly signal: AbortSignal,
  ) {}

  listPage(request: PageRequest): Promise<RawVersionPage> {
    const list = (client: Client, bucket: string) => listVersionsPage(client, bucket, request, this.signal);
    return this.request((client, bucket) => this.pace.window.run(() => list(client, bucket)));
  }

  /** Null: the version is gone. Two requests: HEAD and tagging. `spare`: it can wait, listings go first. */
  async describe(key: string, versionId: string, priority: 'now' | 'spare'): Promise<VersionDescription | null> {
    await (priority === 'now' ? this.wait() : this.waitForSpare());
    const answer = await this.request((client, bucket) => describeVersion(client, bucket, key, versionId));
    return 'gone' in answer ? null : answer;
  }

  /** Rule R6: HEAD with the version id has the last word on a removal. Anything but a clear 404 is an error. */
  async isGone(key: string, versionId: string): Promise<boolean> {
    return (await this.request((client, bucket) => headVersion(client, bucket, key, versionId))) === 'gone';
  }

  /** Requests since it was last asked. */
  takeRequestCount(): number {
    const count = this.requestCount;
    this.requestCount = 0;
    return count;
  }

  /** The location was changed: the next request reads it anew. */
  refresh(): void {
    this.connected?.client.destroy();
    this.connected = null;
  }

  private async request<T>(send: (client: Client, bucket: string) => Promise<T>): Promise<T> {
    await this.wait();
    const { client, target } = await this.connect();
    try {
      return await send(client, target.bucket);
    } catch (error) {
      const translated =
        error instanceof TransientError || error instanceof PermanentError ? error : translateS3Error(error);
      if (CREDENTIALS_DOUBTED.has(translated.code)) {
        this.credentials.forget(this.location);
        this.refresh();
      }
      throw translated;
    }
  }

  private async connect(): Promise<{ client: Client; target: ConnectorTarget }> {
    if (this.connected) return this.connected;
    const target = locationTarget(this.location, await this.credentials.get(this.location));
    const client = createConnectorClient(target, { guard: this.guard, requestTimeoutMs: REQUEST_TIMEOUT_MS });
    this.connected = { client, target };
    return this.connected;
  }

  private async wait(): Promise<void> {
    this.requestCount += 1;
    const waitMs = this.pace.budget.take();
    if (waitMs > 0) await sleep(waitMs, this.signal);
    this.signal.throwIfAborted();
  }

  private async waitForSpare(): Promise<void> {
    for (let waitMs = this.pace.budget.takeSpare(); waitMs > 0; waitMs = this.pace.budget.takeSpare()) {
      await sleep(waitMs, this.signal);
      this.signal.throwIfAborted();
    }
    this.requestCount += 1;
  }
}

export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
