import type { LogicalTime } from '@mirror/events';
import { type MirroredVersion, secondsOf } from '@mirror/namespace';
import type { SuspicionSettings } from './judge-suspicion.js';

/** A version that a listing did not show, as the ledger remembers it. */
export interface Candidate {
  readonly state: 'missing' | 'unlisted';
  /** End of the first listing that omitted it, on the replica set's clock. */
  readonly missedAt: LogicalTime;
  /** Unlisted versions are asked for again after this time. */
  readonly askAgainAt: Date;
  /** The operator accepted the ledger with it in it: neither a hold nor suspicion keeps it. */
  readonly accepted: boolean;
}

export interface RemovalSettings {
  /** Seconds between the two listings that must omit a version. */
  readonly delaySeconds: number;
  /** HEAD requests a visit; of more removals a sample is asked about. */
  readonly maxHeads: number;
  readonly suspicion: SuspicionSettings;
}

export interface Visit {
  readonly startedAt: LogicalTime;
  readonly now: Date;
  /** Live documents of the range, before this visit. */
  readonly mirroredCount: number;
  /** All removals but accepted ones wait: a visit missed too much and no whole pass has run since, or the mirror is suspect. */
  readonly held: boolean;
}

export interface Verdict {
  /** Omitted for the first time: into the ledger. */
  readonly candidates: readonly MirroredVersion[];
  /** Omitted a second time, late enough: HEAD has the last word. */
  readonly ripe: readonly MirroredVersion[];
  /** So much is missing at once that all removals are held until a whole pass has run. */
  readonly hold: boolean;
}

/** Rule R6: removals are believed late. `ledgerOf` gives what the ledger knows of a missing version. */
export function judgeRemovals(
  missing: readonly MirroredVersion[],
  ledgerOf: (version: MirroredVersion) => Candidate | undefined,
  visit: Visit,
  settings: RemovalSettings,
): Verdict {
  const candidates = missing.filter((version) => ledgerOf(version) === undefined);
  // More than half of a range, and more than the floor, missed anew: the visit, not the versions, is in doubt. What an
  // earlier visit missed already has had its hold.
  const hold = candidates.length > settings.suspicion.floorVersions && candidates.length * 2 > visit.mirroredCount;
  const ripe = missing.filter((version) => {
    const candidate = ledgerOf(version);
    return candidate !== undefined && isRipe(candidate, visit, settings);
  });
  const allowed = hold || visit.held ? ripe.filter((version) => ledgerOf(version)?.accepted) : ripe;
  return { candidates, ripe: allowed, hold };
}

/** At most `count` of them, spread evenly: where there are more, HEAD is asked about a sample. */
export function sampleOf<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]).filter(
    (item) => item !== undefined,
  );
}

/** The second listing counts only if it *began* late enough after the first one had ended. */
function isRipe(candidate: Candidate, visit: Visit, settings: RemovalSettings): boolean {
  if (candidate.state === 'unlisted') return candidate.askAgainAt <= visit.now;
  // Both are cut to whole seconds: only a larger difference is surely that long.
  return secondsOf(visit.startedAt) - secondsOf(candidate.missedAt) > settings.delaySeconds;
}
