import { type MirroredVersion, toTimestamp } from '@mirror/namespace';
import type { Logger } from '@mirror/runtime';
import type { ConnectorAccess } from '../connector/connector-access.js';
import type { ProgressStore } from '../state/progress-store.js';
import type { RemovalLedger } from '../state/removal-ledger.js';
import type { SegmentStore } from '../state/segment-store.js';
import { type Candidate, judgeRemovals, type RemovalSettings, sampleOf } from './judge-removals.js';
import { isSuspect } from './judge-suspicion.js';
import type { ObservedInterval } from './publish-changes.js';

/** What a complete listing of a range did not show. */
export interface Omission {
  readonly mirrorId: string;
  readonly range: { readonly after: string; readonly end: string | null };
  readonly observed: ObservedInterval;
  readonly missing: readonly MirroredVersion[];
  /** Live documents of the range. */
  readonly mirroredCount: number;
  /** Nothing but what the operator accepted may go. */
  readonly held: boolean;
}

type LedgerOf = (version: MirroredVersion) => Candidate | undefined;

/** Rule R6, step by step: ledger → delay → hold and suspicion → HEAD's last word. */
export class Removals {
  constructor(
    private readonly ledger: RemovalLedger,
    private readonly progress: ProgressStore,
    private readonly segments: SegmentStore,
    private readonly settings: RemovalSettings,
    private readonly logger: Logger,
  ) {}

  /** Brings the ledger up to date with a visit, and gives back the versions that are believed to be gone. */
  async believe(connector: ConnectorAccess, omission: Omission): Promise<readonly MirroredVersion[]> {
    const { mirrorId, range, observed, mirroredCount, held } = omission;
    // A document that was written after the listing began says more than the listing (rule R1).
    const startedAt = toTimestamp(observed.startedAt);
    const missing = omission.missing.filter(({ listedAt }) => listedAt.lessThan(startedAt));
    const ledgerOf = await this.ledger.read(mirrorId, missing);
    const now = await this.segments.now();
    const visit = { startedAt: observed.startedAt, now, mirroredCount, held };
    const verdict = judgeRemovals(missing, ledgerOf, visit, this.settings);
    if (verdict.hold) await this.progress.holdRemovals(mirrorId);
    await this.ledger.add(mirrorId, verdict.candidates, observed.endedAt);
    const trusted = await this.unsuspected(mirrorId, verdict.ripe, ledgerOf, now);
    const gone = await this.confirmGone(connector, mirrorId, trusted, now);
    await this.ledger.markRemoving(mirrorId, gone, now);
    // What is listed again leaves the ledger; what is removed leaves it when the mirror no longer shows it.
    await this.ledger.settle(mirrorId, range.after, range.end, missing);
    return gone;
  }

  /** In a suspect mirror only what the operator accepted may go. Weighed here and now, not by the last weighing. */
  private async unsuspected(
    mirrorId: string,
    ripe: readonly MirroredVersion[],
    ledgerOf: LedgerOf,
    now: Date,
  ): Promise<readonly MirroredVersion[]> {
    if (ripe.length === 0) return ripe;
    const totals = await this.ledger.totals(mirrorId, now);
    return isSuspect(totals, this.settings.suspicion) ? ripe.filter((version) => ledgerOf(version)?.accepted) : ripe;
  }

  /** Of many a sample is asked about: all are believed if every one of it is gone. */
  private async confirmGone(
    connector: ConnectorAccess,
    mirrorId: string,
    ripe: readonly MirroredVersion[],
    now: Date,
  ): Promise<readonly MirroredVersion[]> {
    const gone: MirroredVersion[] = [];
    const asked = sampleOf(ripe, this.settings.maxHeads);
    try {
      for (const version of asked) {
        if (await connector.isGone(version._id.k, version._id.v)) gone.push(version);
        else await this.ledger.markUnlisted(mirrorId, version, now);
      }
    } catch (error) {
      // No clear answer: it stays a candidate, and holds up neither additions nor the removals confirmed before it.
      this.logger.warn({ err: error, mirrorId }, 'a removal could not be confirmed');
    }
    return gone.length === asked.length ? ripe : gone;
  }
}
