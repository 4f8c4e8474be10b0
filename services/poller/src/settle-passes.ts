import { isApplied, type Positions } from '@mirror/namespace';
import type { Logger } from '@mirror/runtime';
import { mergeSegments } from './merge-segments.js';
import type { StatusEvents } from './publish-status.js';
import type { MirrorProgress, Verification } from './state/progress-store.js';
import { isSuspect, type SuspicionSettings } from './visit/judge-suspicion.js';
import type { MirrorIdentity } from './visit/publish-changes.js';
import type { VisitStores } from './visit/visit-segment.js';

/** How often it is asked whether the pass is over, while visits are due without a break. */
const SETTLE_INTERVAL_MS = 250;
/** Of a poller's time: with many segments it takes longer to ask. */
const SETTLE_SHARE = 0.05;

export interface PassSettlerParts {
  readonly stores: VisitStores;
  readonly status: StatusEvents;
  readonly suspicion: SuspicionSettings;
  readonly logger: Logger;
}

/** Looks from time to time whether a mirror's pass, its snapshot, or its verification is over, and says so once. */
export class PassSettler {
  /** Not asked before, by `performance.now()`. */
  private notBefore = 0;

  constructor(
    private readonly mirror: MirrorIdentity,
    private readonly parts: PassSettlerParts,
  ) {}

  /** Does nothing where it was called a moment ago. */
  async settle(progress: MirrorProgress, positions: Positions): Promise<void> {
    const begin = performance.now();
    if (begin < this.notBefore) return;
    await this.settlePass(progress, positions);
    const end = performance.now();
    this.notBefore = end + Math.max(SETTLE_INTERVAL_MS, (end - begin) / SETTLE_SHARE);
  }

  /** Has every range been visited since the pass began? Has the snapshot been applied? */
  private async settlePass(progress: MirrorProgress, positions: Positions): Promise<void> {
    const { stores, status } = this.parts;
    const { mirrorId } = this.mirror;
    const coverage = await stores.segments.coverage(mirrorId, progress.passStartedAt);
    if (!coverage) return stores.segments.ranges.createFirst(mirrorId);
    await this.weighSuspicion(progress, coverage.versions);
    await this.settleVerification(progress.verify);
    if (coverage.unvisited > 0) return;
    if (progress.snapshotCompletedAt === null) {
      const publishing = await stores.segments.publishing(mirrorId);
      if (publishing.some(({ published }) => !isApplied(published, positions))) return;
      if (await stores.progress.completeSnapshot(mirrorId, coverage.versions))
        await status.snapshotCompleted(this.mirror, progress, coverage.versions);
    }
    if (await stores.progress.completePass(mirrorId, progress.passStartedAt)) {
      await mergeSegments(stores.segments, mirrorId);
      await status.passCompleted(this.mirror, progress, coverage.versions);
    }
  }

  private async settleVerification(verify: Verification | null): Promise<void> {
    if (verify === null || verify.completedAt !== null) return;
    const { stores, status } = this.parts;
    const { mirrorId } = this.mirror;
    const coverage = await stores.segments.coverage(mirrorId, verify.startedAt);
    if (!coverage || coverage.unvisited > 0) return;
    const report = await stores.progress.completeVerification(mirrorId, verify.startedAt, coverage.versions);
    if (report) await status.verifyCompleted(this.mirror, report);
  }

  /** R6: the lasting state, for the operator; each removal is weighed again when its turn comes. */
  private async weighSuspicion(progress: MirrorProgress, listed: number): Promise<void> {
    if (progress.snapshotCompletedAt === null) return;
    const { stores, status, suspicion, logger } = this.parts;
    const { mirrorId } = this.mirror;
    const now = await stores.segments.now();
    const totals = await stores.ledger.totals(mirrorId, now);
    await stores.ledger.sample(mirrorId, listed + totals.candidates, now);
    const suspect = isSuspect(totals, suspicion);
    if (!(await stores.progress.setSuspect(mirrorId, suspect))) return;
    logger.warn({ bucket: this.mirror.bucket, suspect, ...totals }, 'the mirror’s trust in its connector changed');
    const { ledger } = await stores.ledger.counts(mirrorId);
    await (suspect ? status.suspected(this.mirror, { ...totals, ledger }) : status.trusted(this.mirror));
  }
}
