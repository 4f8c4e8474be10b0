import type { ListedVersion } from '@mirror/connector';
import type { ObjectDescription } from '@mirror/events';
import type { EventProducer } from '@mirror/kafka';
import {
  compareKeys,
  fromTimestamp,
  type HintedKey,
  type MirroredVersion,
  type Namespace,
  readKeys,
  readLogicalClock,
} from '@mirror/namespace';
import type { ConnectorAccess } from '../connector/connector-access.js';
import type { ClaimedSegment } from '../state/claimed-segment.js';
import type { HintStore } from '../state/hint-store.js';
import type { SegmentStore } from '../state/segment-store.js';
import { compareRange, type Difference } from './compare-range.js';
import { describeVersions } from './describe-versions.js';
import { listKey } from './list-key.js';
import {
  changeOf,
  descriptionOf,
  laterThan,
  type MirrorIdentity,
  type ObservedInterval,
  publishChanges,
  type StampedChange,
} from './publish-changes.js';

/** What a look at hinted keys came to. */
export interface HintedReport {
  readonly differences: number;
  /** Something is missing, or a key alone could not be listed whole: the range is to be listed. */
  readonly needsRange: boolean;
}

interface Seen {
  readonly listed: readonly ListedVersion[];
  readonly mirrored: readonly MirroredVersion[];
  readonly observed: ObservedInterval;
  readonly needsRange: boolean;
}

const LISTED_AT_ONCE = 4;
/** Described versions of a key whose tags may have changed: the newest. */
const DESCRIBED_A_KEY = 8;

/**
 * A visit of some hinted keys of a segment: each key is listed by itself, compared, and what differs is published, as in a visit
 * of the whole range, under the same lease. It confirms nothing, and believes no removal: for those the range is listed.
 */
export class HintedVisitor {
  constructor(
    private readonly namespace: Namespace,
    private readonly segments: SegmentStore,
    private readonly hints: HintStore,
    private readonly producer: EventProducer,
  ) {}

  async visit(
    connector: ConnectorAccess,
    claimed: ClaimedSegment,
    mirror: MirrorIdentity,
    hinted: readonly HintedKey[],
  ): Promise<HintedReport> {
    const seen = await this.look(connector, claimed, mirror.mirrorId, keysInside(claimed, hinted));
    const { differences, missing } = compareRange(seen.listed, seen.mirrored);
    const needsRange = seen.needsRange || missing.length > 0;
    // R3: before anything is published, and while a removal waits, the confirmation goes.
    const clean = differences.length === 0 && !needsRange;
    if (!clean && !(await this.segments.eraseHash(claimed))) return { differences: 0, needsRange: false };
    const again = describedAgain(seen.mirrored, hinted);
    const changes = await this.changesOf(connector, mirror, seen.observed, differences, again);
    const published = changes.length === 0 ? null : await publishChanges(this.producer, changes, new Date());
    const undescribed = changes.some(
      ({ change }) => change.isLatest && change.kind === 'version' && !change.description,
    );
    await this.hints.finish(claimed, { published, undescribed, needsRange });
    return { differences: changes.length, needsRange };
  }

  private async look(
    connector: ConnectorAccess,
    { startedAt }: ClaimedSegment,
    mirrorId: string,
    keys: readonly string[],
  ): Promise<Seen> {
    const listed = new Map<string, readonly ListedVersion[] | null>();
    const queue = [...keys];
    const work = async (): Promise<void> => {
      for (let key = queue.shift(); key !== undefined; key = queue.shift())
        listed.set(key, await listKey((request) => connector.listPage(request), key));
    };
    await Promise.all(Array.from({ length: LISTED_AT_ONCE }, work));
    const observed = { startedAt, endedAt: laterThan(startedAt, await readLogicalClock(this.namespace.db)) };
    const whole = keys.filter((key) => listed.get(key) !== null);
    return {
      observed,
      listed: whole.flatMap((key) => listed.get(key) ?? []),
      mirrored: await readKeys(this.namespace, mirrorId, whole),
      needsRange: whole.length < keys.length,
    };
  }

  /** New latest versions, and those whose tags were hinted at, are described at once. */
  private async changesOf(
    connector: ConnectorAccess,
    mirror: MirrorIdentity,
    observed: ObservedInterval,
    differences: readonly Difference[],
    again: readonly MirroredVersion[],
  ): Promise<StampedChange[]> {
    const fresh = differences.filter(({ listed, isLatest }) => isLatest && listed.kind === 'version');
    const wanted = [...fresh.map(({ listed }) => listed), ...again.map(toDescribe)];
    const { described } = await describeVersions(
      (key, versionId) => connector.describe(key, versionId, 'now'),
      wanted,
      () => readLogicalClock(this.namespace.db),
    );
    const descriptionFor = (key: string, versionId: string): ObjectDescription | undefined =>
      described.get(`${versionId}/${key}`);
    const found = differences.map((difference): StampedChange => {
      const { listed, mirrored } = difference;
      const change = changeOf(mirror, difference, observed, descriptionFor(listed.key, listed.versionId));
      return { change, comparedAt: mirrored ? fromTimestamp(mirrored.listedAt) : '0' };
    });
    const told = again.flatMap((version): StampedChange[] => {
      const description = descriptionFor(version._id.k, version._id.v);
      if (!description) return [];
      return [{ change: descriptionOf(mirror, version, description), comparedAt: fromTimestamp(version.listedAt) }];
    });
    return [...found, ...told];
  }
}

/** In key order, each once. A range that was cut since may no longer hold all of them: its other part is due already. */
function keysInside({ segment, end }: ClaimedSegment, hinted: readonly HintedKey[]): readonly string[] {
  const keys = [...new Set(hinted.map(({ k }) => k))].sort(compareKeys);
  return keys.filter((key) => compareKeys(key, segment._id.a) > 0 && (end === null || compareKeys(key, end) <= 0));
}

/** The newest versions of the keys whose description was hinted at. */
function describedAgain(mirrored: readonly MirroredVersion[], hinted: readonly HintedKey[]): MirroredVersion[] {
  const keys = new Set(hinted.filter(({ d }) => d).map(({ k }) => k));
  return [...keys].flatMap((key) =>
    mirrored
      .filter(({ _id, kind }) => _id.k === key && kind === 'version')
      .toSorted((a, b) => a.place - b.place)
      .slice(0, DESCRIBED_A_KEY),
  );
}

const toDescribe = ({ _id, etag }: MirroredVersion) => ({ key: _id.k, versionId: _id.v, etag });
