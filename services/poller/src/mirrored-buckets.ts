import type { CachedLookup, LocationCredentials } from '@mirror/config-client';
import type { EndpointGuard } from '@mirror/connector';
import type { MirrorState } from '@mirror/events';
import type { EventProducer, StateTable } from '@mirror/kafka';
import { type BackgroundSettings, openBackground } from './background.js';
import { ConnectorAccess } from './connector/connector-access.js';
import { RequestBudget } from './connector/request-budget.js';
import { RequestWindow } from './connector/request-window.js';
import { PollLoop, type PollLoopParts } from './poll-loop.js';
import type { PolledTarget } from './polled-target.js';

export interface PollingSettings extends BackgroundSettings {
  /** Undefined: no such location is known. */
  targetOf(location: string): PolledTarget | undefined;
  readonly guard: EndpointGuard;
}

const SWEEP_INTERVAL_MS = 60_000;

interface Polling {
  readonly mirrorId: string;
  readonly loop: PollLoop;
  readonly connector: ConnectorAccess;
  readonly abort: AbortController;
}

/**
 * Which mirrors are polled: one loop for each mirrored bucket that is neither paused nor detached, by the state topic. It
 * follows every change, one after the other.
 */
export class MirroredBuckets {
  private readonly polled = new Map<string, Polling>();
  private reconciling: Promise<void> = Promise.resolve();
  private unsubscribe: () => void = () => undefined;
  private sweeping: NodeJS.Timeout | undefined;

  constructor(
    private readonly buckets: StateTable<MirrorState>,
    private readonly credentials: CachedLookup<LocationCredentials>,
    private readonly producer: EventProducer,
    private readonly parts: PollLoopParts,
    private readonly settings: PollingSettings,
  ) {}

  start(): void {
    this.unsubscribe = this.buckets.onChange(() => this.requestReconcile());
    // A database that was restored brings back what was swept.
    this.sweeping = setInterval(() => this.requestReconcile(), SWEEP_INTERVAL_MS);
    this.requestReconcile();
  }

  async stop(): Promise<void> {
    this.unsubscribe();
    clearInterval(this.sweeping);
    await this.reconciling;
    await Promise.all([...this.polled.values()].map((polling) => this.end(polling)));
  }

  /** A location was changed: its mirrors are polled anew, with fresh credentials, maybe elsewhere. */
  refreshLocation(location: string): void {
    this.credentials.forget(location);
    this.requestReconcile(location);
  }

  /** A hint was received. */
  wake(mirrorId: string): void {
    this.polled.get(mirrorId)?.loop.hinted();
  }

  private requestReconcile(changed: string | null = null): void {
    this.reconciling = this.reconciling
      .then(() => this.reconcile(changed))
      .catch((error: unknown) => this.parts.logger.error({ err: error }, 'following the mirrored buckets failed'));
  }

  private async reconcile(changedLocation: string | null): Promise<void> {
    const wanted = new Map<string, MirrorState>();
    for (const { type, state } of this.buckets.entries()) {
      if (type === 'BucketDetached') continue;
      if (!state.paused) wanted.set(state.mirrorId, state);
    }
    for (const polling of [...this.polled.values()]) {
      const state = wanted.get(polling.mirrorId);
      if (!state || state.location === changedLocation) await this.end(polling);
    }
    for (const state of wanted.values()) {
      if (!this.polled.has(state.mirrorId)) this.begin(state);
    }
    await this.forgetDetached();
  }

  private begin({ mirrorId, bucket, location }: MirrorState): void {
    const target = this.settings.targetOf(location);
    if (target === undefined) return; // its location has not been read yet: the change that brings it comes here again
    const { requestsPerSecond, guard, share } = this.settings;
    const abort = new AbortController();
    const budget = new RequestBudget(requestsPerSecond, requestsPerSecond, () => Date.now(), share);
    const window = new RequestWindow(this.parts.visitsAtOnce, () => performance.now());
    const connector = new ConnectorAccess(location, this.credentials, guard, { budget, window }, abort.signal);
    const { namespace, logger } = this.parts;
    const background = openBackground(
      { mirrorId, bucket },
      connector,
      abort.signal,
      { namespace, producer: this.producer, logger },
      this.settings,
    );
    const loop = new PollLoop(
      { mirrorId, bucket, location, ...target },
      connector,
      background,
      abort.signal,
      this.parts,
    );
    this.polled.set(mirrorId, { mirrorId, loop, connector, abort });
    loop.start();
    this.parts.logger.info({ bucket, mirrorId, location }, 'polling a mirrored bucket');
  }

  private async end({ mirrorId, loop, connector, abort }: Polling): Promise<void> {
    abort.abort(); // requests in flight; their visits give the leases back
    await loop.ended();
    connector.refresh();
    this.polled.delete(mirrorId);
    this.parts.logger.info({ mirrorId }, 'no longer polling');
  }

  /**
   * Rule R2: what belongs to a life that ended is swept. What is there is read first, then the topic to its end: a mirror that
   * another poller began in between is known by then.
   */
  private async forgetDetached(): Promise<void> {
    const { progress, ledger, segments } = this.parts.stores;
    const present = await progress.mirrorIds();
    await this.buckets.catchUp();
    const entries = [...this.buckets.entries()].filter(({ type }) => type !== 'BucketDetached');
    const alive = new Set(entries.map(({ state }) => state.mirrorId));
    for (const mirrorId of present.filter((id) => !alive.has(id))) {
      await segments.forget(mirrorId);
      this.parts.paces.forget(mirrorId);
      await ledger.forget(mirrorId);
      await progress.forget(mirrorId);
    }
  }
}
