import type { ListedVersion, VersionPage } from '@mirror/connector';
import { type EventProducer, mergePositions, type Position } from '@mirror/kafka';
import { compareKeys, knownVersions, type Namespace, readLogicalClock } from '@mirror/namespace';
import type { Pace } from '@mirror/pacing';
import type { PolledTarget } from '../polled-target.js';
import type { ClaimedSegment } from '../state/claimed-segment.js';
import type { SegmentStore } from '../state/segment-store.js';
import { arrangeVersions, isListedApart } from './arrange-versions.js';
import { markersInFolder } from './ask-in-folders.js';
import { byMarkers, type KeyWalk, type ListPage, PAGE_SIZE } from './list-range.js';
import { nextVisit } from './next-visit.js';
import { changeOf, laterThan, type MirrorIdentity, publishChanges } from './publish-changes.js';

/** Versions that were listed by this walk. Null: the lease was lost on the way. */
export type Walked = number | null;

interface WalkContext {
  readonly listing: Pick<PolledTarget, 'markers'>;
  readonly mirror: MirrorIdentity;
  readonly pace: Pace;
}

/**
 * The first visit of a key of more versions than a page: each page is published as it comes, and then how far the walk has
 * come is stored, so that whoever claims the segment next goes on there. It says what is there, believes no removal, and
 * confirms nothing: places, and what changed meanwhile, are set right by the next visit, which lists the key as a whole.
 */
export class KeyWalker {
  constructor(
    private readonly namespace: Namespace,
    private readonly segments: SegmentStore,
    private readonly producer: EventProducer,
  ) {}

  /** @param first What has been listed of the key, where the walk begins with it. */
  async walk(
    listPage: ListPage,
    claimed: ClaimedSegment,
    begin: KeyWalk,
    first: readonly ListedVersion[],
    { mirror, listing, pace }: WalkContext,
  ): Promise<Walked> {
    let walk = begin;
    let published: Position = claimed.segment.published ?? {};
    let before = first;
    if (first.length > 0) published = mergePositions(published, await this.publish(claimed, mirror, first, 0));
    for (let isEnded = false; !isEnded; ) {
      if (!(await this.segments.noteWalk(claimed, walk, published))) return null;
      const request = { keyMarker: walk.keyMarker, versionIdMarker: walk.versionIdMarker, maxKeys: PAGE_SIZE };
      const page = (await listPage(listing.markers === 'keys' ? request : markersInFolder(request))).parse();
      const versions = versionsOf(page, walk.key, before);
      published = mergePositions(published, await this.publish(claimed, mirror, versions, walk.listed));
      before = versions;
      isEnded = !page.isTruncated || page.versions.some(({ key }) => compareKeys(key, walk.key) > 0);
      const { keyMarker = walk.keyMarker, versionIdMarker } = isEnded ? request : byMarkers(request, page);
      walk = { ...walk, keyMarker, versionIdMarker: versionIdMarker ?? '', listed: walk.listed + versions.length };
    }
    const listed = walk.listed - begin.listed + first.length;
    return (await this.finish(claimed, walk, published, pace)) ? listed : null;
  }

  /** What comes after the key is a range of its own. */
  private async finish(
    claimed: ClaimedSegment,
    { key, listed }: KeyWalk,
    published: Position,
    pace: Pace,
  ): Promise<boolean> {
    const rest = { listed, splits: [] };
    if (claimed.end !== key && !(await this.segments.ranges.cut(claimed, key, rest))) return false;
    return this.segments.finish(claimed, {
      count: listed,
      pageSize: PAGE_SIZE,
      hash: null,
      published,
      publishedAt: null,
      said: null,
      undescribed: true,
      ...nextVisit(claimed.segment, { changes: 0, count: listed, withinMs: null }, pace),
    });
  }

  /** But for what the mirror has: a walk that was cut off may have published a page that it did not note. */
  private async publish(
    { startedAt }: ClaimedSegment,
    mirror: MirrorIdentity,
    versions: readonly ListedVersion[],
    listedBefore: number,
  ): Promise<Position> {
    const { namespace, producer } = this;
    const key = versions[0]?.key ?? '';
    const ids = versions.map(({ versionId }) => versionId);
    const known = await knownVersions(namespace, mirror.mirrorId, key, ids);
    const observed = { startedAt, endedAt: laterThan(startedAt, await readLogicalClock(namespace.db)) };
    const changes = versions.flatMap((listed, index) => {
      if (known.has(listed.versionId)) return [];
      const place = listedBefore + index;
      const difference = { listed, place, isLatest: place === 0, mirrored: null };
      return [{ change: changeOf(mirror, difference, observed, undefined), comparedAt: '0' }];
    });
    return changes.length === 0 ? {} : publishChanges(producer, changes, new Date());
  }
}

/** Those of the key that the page before it did not show: some endpoints begin with one of these. */
function versionsOf(page: VersionPage, key: string, before: readonly ListedVersion[]): readonly ListedVersion[] {
  const shown = new Set(before.map(({ versionId }) => versionId));
  const ofKey = page.versions.filter((version) => version.key === key && !shown.has(version.versionId));
  return arrangeVersions(ofKey, isListedApart(page));
}
