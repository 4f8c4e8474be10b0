import type { LogicalTime } from '@mirror/events';
import { type MirroredVersion, secondsOf } from '@mirror/namespace';

/** A version that a listing did not show, as the ledger remembers it. */
export interface Candidate {
  readonly state: 'missing' | 'unlisted';
  /** End of the first listing that omitted it, on the replica set's clock. */
  readonly missedAt: LogicalTime;
  /** Unlisted versions are asked for again after this time. */
  readonly askAgainAt: Date;
}

export interface RemovalSettings {
  /** Seconds between the two listings that must omit a version. */
  readonly delaySeconds: number;
  /** A visit that misses more than half of its range and more than this holds all removals for a whole pass. */
  readonly floorVersions: number;
  /** HEAD requests a visit. */
  readonly maxHeads: number;
}

export interface Visit {
  readonly startedAt: LogicalTime;
  readonly now: Date;
  /** Live documents of the range, before this visit. */
  readonly mirroredCount: number;
  /** All removals wait: an earlier visit missed too much, and the pass that has to run since then has not ended. */
  readonly held: boolean;
}

export interface Verdict {
  /** Omitted for the first time: into the ledger. */
  readonly candidates: readonly MirroredVersion[];
  /** Omitted a second time, late enough: HEAD has the last word. */
  readonly toAsk: readonly MirroredVersion[];
  /** So much is missing at once that all removals are held until a whole pass has run. */
  readonly hold: boolean;
  /** Something of the range waits for a later listing. */
  readonly waiting: boolean;
}

/** Rule R6: removals are believed late. `ledgerOf` gives what the ledger knows of a missing version. */
export function judgeRemovals(
  missing: readonly MirroredVersion[],
  ledgerOf: (version: MirroredVersion) => Candidate | undefined,
  visit: Visit,
  settings: RemovalSettings,
): Verdict {
  const hold = missing.length > settings.floorVersions && missing.length * 2 > visit.mirroredCount;
  const candidates = missing.filter((version) => ledgerOf(version) === undefined);
  const ripe = missing.filter((version) => {
    const candidate = ledgerOf(version);
    return candidate !== undefined && isRipe(candidate, visit, settings);
  });
  const toAsk = hold || visit.held ? [] : ripe.slice(0, settings.maxHeads);
  return { candidates, toAsk, hold, waiting: missing.length > 0 };
}

/** The second listing counts only if it *began* late enough after the first one had ended. */
function isRipe(candidate: Candidate, visit: Visit, settings: RemovalSettings): boolean {
  if (candidate.state === 'unlisted') return candidate.askAgainAt <= visit.now;
  return secondsOf(visit.startedAt) - secondsOf(candidate.missedAt) >= settings.delaySeconds;
}
