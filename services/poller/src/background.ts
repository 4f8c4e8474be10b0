import type { EventProducer } from '@mirror/kafka';
import type { Namespace } from '@mirror/namespace';
import type { Logger } from '@mirror/runtime';
import type { ConnectorAccess } from './connector/connector-access.js';
import { RequestBudget } from './connector/request-budget.js';
import { HintFollower, type HintParts } from './follow-hints.js';
import type { SweepStore } from './state/sweep-store.js';
import { DescribeBacklog } from './visit/describe-backlog.js';
import { DescriptionSweep } from './visit/describe-sweep.js';
import type { MirrorIdentity } from './visit/publish-changes.js';

/** What goes on beside a mirror's due visits. */
export interface Background {
  readonly backlog: DescribeBacklog;
  readonly sweep: DescriptionSweep;
  readonly hints: HintFollower;
}

export interface BackgroundSettings {
  /** The location's budget. */
  readonly requestsPerSecond: number;
  /** This process's part of it. */
  share(): number;
  readonly hintParts: HintParts;
  /** Part of the budget that hints may use. */
  readonly hintsShare: number;
  readonly sweeps: SweepStore;
  /** Descriptions older than this are read anew. */
  readonly sweepAgeSeconds: number;
}

/** Part of the budget that reading descriptions anew may use. */
const SWEEP_SHARE = 0.1;

/** Hints and sweep have a budget each, inside the location's, which every request draws on. */
export function openBackground(
  mirror: MirrorIdentity,
  connector: ConnectorAccess,
  signal: AbortSignal,
  parts: { readonly namespace: Namespace; readonly producer: EventProducer; readonly logger: Logger },
  settings: BackgroundSettings,
): Background {
  const { requestsPerSecond, share, hintsShare, sweepAgeSeconds, hintParts, sweeps } = settings;
  const { namespace, producer, logger } = parts;
  const budgetOf = (part: number): RequestBudget =>
    new RequestBudget(requestsPerSecond * part, requestsPerSecond * part, () => Date.now(), share);
  const sweepSettings = { ageSeconds: sweepAgeSeconds, budget: budgetOf(SWEEP_SHARE) };
  return {
    backlog: new DescribeBacklog(namespace, producer, mirror, logger),
    sweep: new DescriptionSweep(mirror, { ...parts, sweeps }, sweepSettings),
    hints: new HintFollower(mirror, connector, budgetOf(hintsShare), signal, hintParts),
  };
}
