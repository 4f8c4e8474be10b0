import type { ListedVersion } from '@mirror/connector';
import type { LogicalTime, ObjectDescription } from '@mirror/events';
import { type EventProducer, mergePositions, type Position } from '@mirror/kafka';
import {
  fromTimestamp,
  type MirroredVersion,
  type Namespace,
  readLogicalClock,
  readRange,
  type Segment,
} from '@mirror/namespace';
import type { Pace } from '@mirror/pacing';
import type { ConnectorAccess } from '../connector/connector-access.js';
import type { EndpointMarkers, PolledTarget } from '../polled-target.js';
import type { ClaimedSegment } from '../state/claimed-segment.js';
import type { ProgressStore } from '../state/progress-store.js';
import type { RemovalLedger } from '../state/removal-ledger.js';
import type { SegmentStore } from '../state/segment-store.js';
import type { Removals } from './believe-removals.js';
import { compareRange, type Difference } from './compare-range.js';
import { describeVersions } from './describe-versions.js';
import { type KeyWalk, type ListPage, listRange, PAGE_SIZE, type RangeListing } from './list-range.js';
import { nextVisit, type Visited } from './next-visit.js';
import {
  changeOf,
  digestOf,
  eventsOf,
  laterThan,
  type MirrorIdentity,
  type ObservedInterval,
  publishEvents,
  removalOf,
  type StampedChange,
} from './publish-changes.js';
import { type Said, sayAgain } from './repeat-backoff.js';
import { type Sharing, splitsOfRest } from './share-rest.js';
import { creditOf } from './split-credit.js';
import { KeyWalker } from './walk-key.js';

export interface VisitStores {
  readonly segments: SegmentStore;
  readonly ledger: RemovalLedger;
  readonly progress: ProgressStore;
}

export interface VisitSettings {
  /** Between the two listings that must omit a version (rule R6). */
  readonly removalDelayMs: number;
  /** New latest versions described in the visit that finds them; with more, the background describes them. */
  readonly maxDescribed: number;
}

/** What is true of the mirror when the visit begins. */
export interface VisitContext {
  readonly mirror: MirrorIdentity;
  readonly snapshotCompleted: boolean;
  readonly removalsHeld: boolean;
  /** By the probe of its endpoint. */
  readonly listing: Omit<PolledTarget, 'target'>;
  /** R8: what the last visit published has been applied. False: past the bounded wait; compared, but not confirmed. */
  readonly applied: boolean;
  readonly sharing: Sharing;
  /** How often the mirror's ranges are visited. */
  readonly pace: Pace;
}

export interface VisitReport {
  readonly listed: number;
  readonly differences: number;
  /** What it adds to the credit that splits are paid from. */
  readonly splitCredit: number;
  /** The lease was lost on the way: somebody else visits the segment. */
  readonly abandoned: boolean;
}

type Listed = Extract<RangeListing, { kind: 'listed' }>;

const ABANDONED: VisitReport = { listed: 0, differences: 0, splitCredit: 0, abandoned: true };
/** Asked for beyond what a segment holds, so that a little growth still shows the range's end in one page. */
const PAGE_SLACK = 20;

/** One visit of a segment: list → compare → publish → settle. The caller holds the lease, and renews it. */
export class SegmentVisitor {
  private readonly walker: KeyWalker;

  constructor(
    private readonly namespace: Namespace,
    private readonly stores: VisitStores,
    private readonly removals: Removals,
    private readonly producer: EventProducer,
    private readonly settings: VisitSettings,
  ) {
    this.walker = new KeyWalker(namespace, stores.segments, producer);
  }

  async visit(connector: ConnectorAccess, claimed: ClaimedSegment, context: VisitContext): Promise<VisitReport> {
    const { segment, end, startedAt } = claimed;
    let pages = 0;
    const listPage: ListPage = (request) => {
      pages += 1;
      return connector.listPage(request);
    };
    const walk = async (begin: KeyWalk, first: readonly ListedVersion[]): Promise<VisitReport> => {
      const listed = await this.walker.walk(listPage, claimed, begin, first, context);
      if (listed === null) return ABANDONED;
      return { listed, differences: listed, splitCredit: creditOf({ pages, listed, ended: false }), abandoned: false };
    };
    if (segment.walk) return walk(segment.walk, []);
    const listing = await listRange(listPage, {
      after: segment._id.a,
      end,
      pageSize: pageSizeAt(context.listing.markers, segment.pageSize),
      expected: segment.open ? null : segment.count,
      walksKeys: segment.open && !context.listing.hidesAstral && !context.listing.ordersByUnits,
      confirmedHash: isExpired(segment) ? null : segment.hash,
      ...context.listing,
    });
    if (listing.kind === 'insideKey') return walk(listing.walk, listing.versions);
    if (listing.kind === 'unchanged') return this.finishUnchanged(claimed, context.pace);
    const observed = { startedAt, endedAt: laterThan(startedAt, await readLogicalClock(this.namespace.db)) };
    if (listing.end !== end && !(await this.cut(claimed, listing, context))) return ABANDONED;

    const mirrored = await readRange(this.namespace, context.mirror.mirrorId, segment._id.a, listing.end);
    const { differences, missing } = compareRange(listing.versions, mirrored);
    // R3: before anything is published, and while a removal waits, the confirmation goes.
    const clean = differences.length === 0 && missing.length === 0;
    if (!clean && !(await this.stores.segments.eraseHash(claimed))) return ABANDONED;

    const { described, undescribed } = await this.describe(connector, differences, context);
    const additions = differences.map((difference) => this.toChange(context.mirror, difference, observed, described));
    const gone = await this.removals.believe(connector, {
      mirrorId: context.mirror.mirrorId,
      range: { after: segment._id.a, end: listing.end },
      observed,
      missing,
      mirroredCount: mirrored.length,
      held: context.removalsHeld,
    });
    const changes = [...additions, ...gone.map((version) => toRemoval(context.mirror, version, observed))];
    const { published, said } = await this.publish(changes, segment);
    const kept = await this.stores.segments.finish(claimed, {
      ...this.pageAfter(listing),
      hash: clean && context.applied && listing.end === end ? listing.hash : null,
      // What is not applied yet is waited for again, together with what came now (rule R8).
      published: context.applied ? published : mergePositions(segment.published ?? {}, published ?? {}),
      publishedAt: context.applied ? null : segment.publishedAt,
      said,
      // Where a latest version goes, the one below it may never have been described.
      undescribed: undescribed || gone.length > 0,
      ...nextVisit(segment, this.visited(listing, missing.length - gone.length, changes.length, said), context.pace),
    });
    if (!kept) return ABANDONED;
    const listed = listing.versions.length;
    const splitCredit = segment.open ? creditOf({ pages, listed, ended: listing.end === end }) : 0;
    return { listed, differences: changes.length, splitCredit, abandoned: false };
  }

  /** The rest may be claimed from now on, while this part is compared. */
  private async cut(claimed: ClaimedSegment, { versions, end }: Listed, { sharing }: VisitContext): Promise<boolean> {
    if (end === null) return true;
    // A guess begins as the cut does, and goes on with plain characters: where the cut is right in every order, so is it.
    const splits = claimed.segment.open ? await splitsOfRest(claimed, versions, sharing, this.stores) : [];
    const kept = await this.stores.segments.ranges.cut(claimed, end, { listed: versions.length, splits });
    sharing.onCut();
    return kept;
  }

  /** What waits for its second listing is not kept waiting; a change that was said before is none that this visit found. */
  private visited({ versions }: Listed, waiting: number, changes: number, said: Said | null): Visited {
    const withinMs = waiting > 0 ? this.settings.removalDelayMs : null;
    return { changes: said?.times === 1 ? changes : 0, count: versions.length, withinMs };
  }

  private async finishUnchanged(claimed: ClaimedSegment, pace: Pace): Promise<VisitReport> {
    const { count, pageSize, hash } = claimed.segment;
    const outcome = {
      count,
      pageSize,
      hash,
      published: null,
      publishedAt: null,
      said: null,
      undescribed: false,
      ...nextVisit(claimed.segment, { changes: 0, count, withinMs: null }, pace),
    };
    const kept = await this.stores.segments.finish(claimed, outcome);
    return kept ? { listed: count, differences: 0, splitCredit: 0, abandoned: false } : ABANDONED;
  }

  /** Unless the same was said again and again: then it waits (rule R8). */
  private async publish(
    changes: readonly StampedChange[],
    segment: Segment,
  ): Promise<{ published: Position | null; said: Said | null }> {
    if (changes.length === 0) return { published: null, said: null };
    const now = await this.stores.segments.now();
    const events = eventsOf(changes, now);
    const said = sayAgain(segment.said, digestOf(events), now);
    if (!said) return { published: null, said: segment.said };
    return { published: await publishEvents(this.producer, events), said };
  }

  /** One more than the range holds, so that the page proves the range's end. A hash is of one page size. */
  private pageAfter({ versions }: Listed): { count: number; pageSize: number } {
    const wanted = Math.ceil((versions.length + 1) / PAGE_SLACK) * PAGE_SLACK;
    return { count: versions.length, pageSize: Math.min(PAGE_SIZE, wanted) };
  }

  /** At once in the steady state; after a snapshot, or when there are many, in the background. */
  private async describe(
    connector: ConnectorAccess,
    differences: readonly Difference[],
    { snapshotCompleted }: VisitContext,
  ): Promise<{ described: ReadonlyMap<string, ObjectDescription>; undescribed: boolean }> {
    const latest = differences
      .filter(({ listed, isLatest }) => isLatest && listed.kind === 'version')
      .map(({ listed }) => listed);
    if (!snapshotCompleted || latest.length > this.settings.maxDescribed)
      return { described: new Map(), undescribed: latest.length > 0 };
    const readClock = () => readLogicalClock(this.namespace.db);
    const { described } = await describeVersions(
      (key, versionId) => connector.describe(key, versionId, 'now'),
      latest,
      readClock,
    );
    return { described, undescribed: described.size < latest.length };
  }

  private toChange(
    mirror: MirrorIdentity,
    difference: Difference,
    observed: ObservedInterval,
    described: ReadonlyMap<string, ObjectDescription>,
  ): StampedChange {
    const { listed, mirrored } = difference;
    const change = changeOf(mirror, difference, observed, described.get(`${listed.versionId}/${listed.key}`));
    return { change, comparedAt: stampOf(mirrored) };
  }
}

/** Of a key `a.b.c` MinIO counts `a` and `a.b` before it: a small page leaves no room for these. */
const SMALLEST_PAGE_OF_OTHERS = 200;

const pageSizeAt = (markers: EndpointMarkers, pageSize: number): number =>
  markers === 'keys' ? pageSize : Math.max(pageSize, SMALLEST_PAGE_OF_OTHERS);

const CONFIRMATION_MS = 24 * 3_600_000;

/** Confirmations expire after 18 to 24 hours, spread by their hash, so that a mirror is not compared all at once. */
function isExpired({ hash, confirmedAt, claimedAt }: Segment): boolean {
  if (!hash || !confirmedAt || !claimedAt) return true;
  const spread = Number.parseInt(hash.slice(0, 2), 16) / 255;
  return claimedAt.getTime() - confirmedAt.getTime() > CONFIRMATION_MS * (1 - 0.25 * spread);
}

const toRemoval = (mirror: MirrorIdentity, version: MirroredVersion, observed: ObservedInterval): StampedChange => ({
  change: removalOf(mirror, version, observed),
  comparedAt: stampOf(version),
});

const stampOf = (version: MirroredVersion | null): LogicalTime => (version ? fromTimestamp(version.listedAt) : '0');
