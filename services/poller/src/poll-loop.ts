import { RangeSplitter } from '@mirror/connector';
import { type Namespace, readPositions } from '@mirror/namespace';
import { backoffMs, Stir } from '@mirror/runtime';
import type { Background } from './background.js';
import { type ClaimedForVisit, type ClaimSettings, claimDue, restedSince } from './claim-due.js';
import { type ConnectorAccess, sleep } from './connector/connector-access.js';
import type { PolledTarget } from './polled-target.js';
import { provesTarget } from './prove-target.js';
import { PassSettler, type PassSettlerParts } from './settle-passes.js';
import { LEASE_MS } from './state/claimed-segment.js';
import type { PaceKeeper } from './state/pace-keeper.js';
import type { MirrorError, MirrorProgress } from './state/progress-store.js';
import { PushedRanges } from './state/pushed-ranges.js';
import type { MirrorIdentity } from './visit/publish-changes.js';
import type { SegmentVisitor, VisitReport } from './visit/visit-segment.js';

const IDLE_MS = 100;
/** A proof may take a thousand requests. */
const PROOF_BACKOFF = { baseMs: 5_000, maxMs: 600_000 };
const BACKLOG_IDLE_MS = 500;
const FAILURE_BACKOFF = { baseMs: 500, maxMs: 30_000 };

export interface PolledMirror extends MirrorIdentity, PolledTarget {
  readonly location: string;
}

export interface PollLoopParts extends ClaimSettings, PassSettlerParts {
  readonly namespace: Namespace;
  readonly visitor: SegmentVisitor;
  /** Prefixed name of the topic of the object changes. */
  readonly changesTopic: string;
  readonly visitsAtOnce: number;
  readonly paces: PaceKeeper;
}

/**
 * Visits one mirror's due segments, for as long as the mirror is active, some at a time: while one is listed, others are compared
 * and published. Three modes: *visiting*, as long as something is due and a visit may begin; *waiting*, when nothing is due,
 * until some visit ends or cuts its range, or a moment has passed; *backing off* after a failure. A failure of one visit gives
 * its lease back and loses nothing: what it saw is seen again.
 */
export class PollLoop {
  private readonly visits = new Set<Promise<void>>();
  private readonly splitter = new RangeSplitter();
  private readonly stirred = new Stir();
  private readonly pushed: PushedRanges;
  private readonly passes: PassSettler;
  private failures = 0;
  /** No visit begins before, by `performance.now()`. */
  private backOffUntil = 0;
  /** Attempts in a row at which a new target did not show the same versions. */
  private unproven = 0;
  private done: Promise<void> = Promise.resolve();

  constructor(
    private readonly mirror: PolledMirror,
    private readonly connector: ConnectorAccess,
    private readonly background: Background,
    private readonly signal: AbortSignal,
    private readonly parts: PollLoopParts,
  ) {
    this.pushed = new PushedRanges(parts.namespace, mirror.mirrorId);
    this.passes = new PassSettler(mirror, parts);
  }

  start(): void {
    const beside = [() => this.followHints(), () => this.describeSome(), () => this.proveTarget()];
    const work = [this.run(() => this.beginVisits()), ...beside.map((some) => this.run(some))];
    const inFlight = async () => void (await Promise.all([...this.visits, this.background.hints.ended()]));
    this.done = Promise.all(work).then(inFlight);
  }

  /** A hint was received: it need not wait until it is found. */
  hinted(): void {
    this.background.hints.tell();
  }

  /** Resolves when the visits in flight have ended, after the signal was aborted. */
  ended(): Promise<void> {
    return this.done;
  }

  /** Visits and descriptions run beside each other, so that no description holds up a listing. */
  private async run(work: () => Promise<void>): Promise<void> {
    while (!this.signal.aborted) {
      await this.backedOff();
      await work().catch((error: unknown) => this.failed(error));
    }
  }

  /** Begins as many visits as are due, and may. */
  private async beginVisits(): Promise<void> {
    const { namespace, changesTopic } = this.parts;
    const [progress, positions, now] = await Promise.all([
      this.ensureStarted(),
      readPositions(namespace.positions, changesTopic),
      this.parts.stores.segments.now(),
    ]);
    await this.passes.settle(progress, positions);
    const free = this.parts.visitsAtOnce - this.visits.size;
    const due = { now, positions, restedSince: restedSince(progress, now), pushed: this.pushed };
    const { found, claimed } = await claimDue(this.mirror.mirrorId, free, due, this.parts);
    for (const segment of claimed) this.begin(segment, progress);
    // Where another poller was faster, there may be more.
    if (found === 0) await this.stirred.wait(IDLE_MS, this.signal);
  }

  private begin(claimed: ClaimedForVisit, progress: MirrorProgress): void {
    const visit = this.turn(claimed, progress)
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        this.visits.delete(visit);
        this.stirred.now();
      });
    this.visits.add(visit);
  }

  private async turn(claimed: ClaimedForVisit, progress: MirrorProgress): Promise<void> {
    await this.succeeded(progress, await this.visit(claimed, progress));
  }

  private async succeeded(
    progress: MirrorProgress,
    { differences, splitCredit }: Pick<VisitReport, 'differences' | 'splitCredit'>,
  ): Promise<void> {
    const { stores, status } = this.parts;
    const { mirrorId, location } = this.mirror;
    if (progress.failing && (await stores.progress.succeed(mirrorId))) await status.reachable(this.mirror, location);
    this.failures = 0;
    await stores.progress.count(mirrorId, this.connector.takeRequestCount(), differences, splitCredit);
  }

  /** Not before the snapshot is complete: a description takes the connector two requests, a page of a thousand versions one. */
  private async describeSome(): Promise<void> {
    if (!(await this.afterSnapshot())) return sleep(BACKLOG_IDLE_MS, this.signal);
    const { namespace, changesTopic } = this.parts;
    const { backlog, sweep } = this.background;
    const positions = await readPositions(namespace.positions, changesTopic);
    const worked = (await backlog.step(this.connector, positions)) || (await sweep.step(this.connector, positions));
    if (!worked) await sleep(BACKLOG_IDLE_MS, this.signal);
  }

  /** Not before the snapshot has shown what is there: it lists everything anyway. */
  private async followHints(): Promise<void> {
    const { namespace, changesTopic } = this.parts;
    const progress = await this.afterSnapshot();
    if (!progress) return sleep(BACKLOG_IDLE_MS, this.signal);
    await this.background.hints.step(() => readPositions(namespace.positions, changesTopic), {
      visitRange: (claimed) => this.turn({ ...claimed, applied: true }, progress),
      visited: (differences) => this.succeeded(progress, { differences, splitCredit: 0 }),
      failed: (error) => this.failed(error),
    });
  }

  private async afterSnapshot(): Promise<MirrorProgress | null> {
    const progress = await this.parts.stores.progress.read(this.mirror.mirrorId);
    return progress?.snapshotCompletedAt ? progress : null;
  }

  /** The location was pointed elsewhere: removals wait until the new place has shown that it has the same versions. */
  private async proveTarget(): Promise<void> {
    const { stores, namespace, logger } = this.parts;
    const { mirrorId, bucket, target } = this.mirror;
    const progress = await stores.progress.read(mirrorId);
    if (progress && progress.target !== target) {
      const proven = progress.target === null || (await provesTarget(namespace, mirrorId, this.connector));
      if (proven) await stores.progress.trustTarget(mirrorId, target);
      this.unproven = proven ? 0 : this.unproven + 1;
      logger.warn(
        { bucket, target, proven },
        'the location points elsewhere; removals wait until it has the same versions',
      );
    }
    await sleep(backoffMs(this.unproven, PROOF_BACKOFF, Math.random()), this.signal);
  }

  private async ensureStarted(): Promise<MirrorProgress> {
    const { progress, segments } = this.parts.stores;
    const { mirrorId, bucket } = this.mirror;
    const known = await progress.read(mirrorId);
    if (known) return known;
    await segments.ranges.createFirst(mirrorId); // before the progress that claims there is something to visit
    const isNew = await progress.create(mirrorId, bucket, this.mirror.target);
    if (isNew) await this.parts.status.snapshotStarted(this.mirror);
    const created = await progress.read(mirrorId);
    if (!created) throw new Error(`mirror ${mirrorId} has no progress document`);
    return created;
  }

  private async visit(claimed: ClaimedForVisit, progress: MirrorProgress): Promise<VisitReport> {
    const { stores, visitor, logger } = this.parts;
    const { hidesAstral, markers, ordersByUnits } = this.mirror;
    const renewal = setInterval(() => {
      stores.segments.renew(claimed).catch((error: unknown) => logger.warn({ err: error }, 'a lease was not renewed'));
    }, LEASE_MS / 3);
    try {
      return await visitor.visit(this.connector, claimed, {
        mirror: { mirrorId: this.mirror.mirrorId, bucket: this.mirror.bucket },
        snapshotCompleted: progress.snapshotCompletedAt !== null,
        removalsHeld: progress.removalsHeldSince !== null || progress.suspect || progress.target !== this.mirror.target,
        listing: { hidesAstral, markers, ordersByUnits },
        applied: claimed.applied,
        pace: await this.parts.paces.of(this.mirror.mirrorId),
        sharing: { wanted: this.parts.rangesWanted(), splitter: this.splitter, onCut: () => this.stirred.now() },
      });
    } catch (error) {
      await stores.segments.release(claimed, 0).catch(() => undefined); // the lease ends by itself then
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }

  private async backedOff(): Promise<void> {
    const waitMs = this.backOffUntil - performance.now();
    if (waitMs > 0) await sleep(waitMs, this.signal);
  }

  /** Failures of visits that were in flight together count once. */
  private async failed(error: unknown): Promise<void> {
    if (this.signal.aborted) return;
    const { stores, status, logger } = this.parts;
    const described = describeError(error);
    logger.warn({ err: error, bucket: this.mirror.bucket, code: described.code }, 'a visit failed');
    const isFirst = await stores.progress.fail(this.mirror.mirrorId, described).catch(() => false);
    if (isFirst) await status.unreachable(this.mirror, this.mirror.location, described).catch(() => undefined);
    if (performance.now() < this.backOffUntil) return;
    this.backOffUntil = performance.now() + backoffMs(this.failures, FAILURE_BACKOFF, Math.random());
    this.failures += 1;
  }
}

function describeError(error: unknown): Omit<MirrorError, 'at'> {
  const { code, message, hint } = error as { code?: unknown; message?: unknown; hint?: unknown };
  return {
    code: typeof code === 'string' ? code : 'POLLER.UNEXPECTED',
    detail: typeof message === 'string' ? message : String(error),
    hint: typeof hint === 'string' ? hint : 'See the log of the poller.',
  };
}
