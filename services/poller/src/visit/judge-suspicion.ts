/** What a mirror's ledger adds up to. */
export interface LedgerTotals {
  /** Versions that listings no longer show, that nobody accepted, and that are not removed yet. */
  readonly candidates: number;
  /** Removed in the last hour, without those that an acceptance covered. */
  readonly removedLastHour: number;
  readonly versionsAnHourAgo: number;
}

export interface SuspicionSettings {
  /** Share of the versions an hour ago; half by default. */
  readonly share: number;
  /** Never suspect up to so many versions, however few there were. */
  readonly floorVersions: number;
}

/**
 * Rule R6: a source that loses so much so fast is more likely broken, empty by mistake or restored than emptied on purpose.
 * Both the share and the floor must be exceeded: a bucket of three objects from which two are deleted follows.
 */
export function isSuspect(totals: LedgerTotals, settings: SuspicionSettings): boolean {
  const lost = totals.candidates + totals.removedLastHour;
  return lost > settings.floorVersions && lost > settings.share * totals.versionsAnHourAgo;
}
