import { isApplied, type Positions, type Segment } from '@mirror/namespace';
import { Stir } from '@mirror/runtime';
import type { ConnectorAccess } from './connector/connector-access.js';
import type { RequestBudget } from './connector/request-budget.js';
import { type ClaimedSegment, LEASE_MS } from './state/claimed-segment.js';
import type { HintStore } from './state/hint-store.js';
import type { SegmentStore } from './state/segment-store.js';
import type { MirrorIdentity } from './visit/publish-changes.js';
import type { HintedVisitor } from './visit/visit-hinted.js';

export interface HintParts {
  readonly segments: SegmentStore;
  readonly hints: HintStore;
  readonly visitor: HintedVisitor;
}

export interface HintedVisits {
  /** Visits all of a claimed segment, and ends the visit. */
  visitRange(claimed: ClaimedSegment): Promise<unknown>;
  /** Some hinted keys were visited. */
  visited(differences: number): Promise<void>;
  failed(error: unknown): Promise<void>;
}

const AT_ONCE = 4;
/** Another poller may have received a hint; one's own are told at once. */
const IDLE_MS = 250;
/** What was published is being applied: that takes some ten milliseconds. */
const APPLYING_MS = 15;
/** Versions that one request lists. */
const PAGE_SIZE = 1_000;

/**
 * Follows one mirror's hints, some segments at a time, beside its due visits, and within a share of the requests: a hint beyond
 * that share waits until there is room again, or for the segment's own due time. *Idle* until it is told of a hint, or a moment
 * has passed; *waiting* while hinted segments have changes that are not applied yet (rule R8).
 */
export class HintFollower {
  private readonly visits = new Set<Promise<void>>();
  private readonly stirred = new Stir();

  constructor(
    private readonly mirror: MirrorIdentity,
    private readonly connector: ConnectorAccess,
    private readonly budget: RequestBudget,
    private readonly signal: AbortSignal,
    private readonly parts: HintParts,
  ) {}

  /** There is a new hint. */
  tell(): void {
    this.stirred.now();
  }

  /** Resolves when the visits in flight have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.visits);
  }

  /** Begins as many visits as there are hints, and may; waits where there are none. */
  async step(readPositions: () => Promise<Positions>, work: HintedVisits): Promise<void> {
    const { hints, segments } = this.parts;
    const [positions, now] = await Promise.all([readPositions(), segments.now()]);
    let begun = 0;
    let isWaiting = false;
    for await (const segment of hints.hinted(this.mirror.mirrorId, now)) {
      if (this.visits.size >= AT_ONCE) break;
      if (!isApplied(segment.published, positions)) {
        isWaiting = true;
        continue;
      }
      if (!this.budget.tryTake(costOf(segment))) break;
      const claimed = await segments.claim(segment._id, 'early');
      if (!claimed) continue;
      this.begin(claimed, work);
      begun += 1;
    }
    if (begun === 0) await this.stirred.wait(isWaiting ? APPLYING_MS : IDLE_MS, this.signal);
  }

  private begin(claimed: ClaimedSegment, work: HintedVisits): void {
    const visit = this.follow(claimed, work)
      .catch((error: unknown) => work.failed(error))
      .finally(() => {
        this.visits.delete(visit);
        this.stirred.now();
      });
    this.visits.add(visit);
  }

  /** By what the claim shows: hints may have come or gone since the segment was read. */
  private async follow(claimed: ClaimedSegment, work: HintedVisits): Promise<void> {
    const { segments, visitor } = this.parts;
    const { hintedKeys } = claimed.segment;
    if (!hintedKeys) return void (await work.visitRange(claimed));
    const renewal = setInterval(() => void segments.renew(claimed).catch(() => undefined), LEASE_MS / 3);
    try {
      const { differences } = await visitor.visit(this.connector, claimed, this.mirror, hintedKeys);
      await work.visited(differences);
    } catch (error) {
      await segments.release(claimed, 0).catch(() => undefined); // the lease ends by itself then
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }
}

/** In requests that list. Those that describe draw on the location's budget alone. */
const costOf = ({ hintedKeys, count }: Segment): number => hintedKeys?.length ?? Math.ceil((count + 1) / PAGE_SIZE);
