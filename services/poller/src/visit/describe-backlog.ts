import { type EventProducer, mergePositions, type Position } from '@mirror/kafka';
import {
  fromTimestamp,
  isApplied,
  type MirroredVersion,
  type Namespace,
  type Positions,
  readLogicalClock,
  type Segment,
  segmentEnd,
  undescribedLatest,
} from '@mirror/namespace';
import { backoffMs, type Logger } from '@mirror/runtime';
import type { ConnectorAccess } from '../connector/connector-access.js';
import { type Descriptions, describeVersions } from './describe-versions.js';
import { descriptionOf, type MirrorIdentity, publishChanges } from './publish-changes.js';

const BATCH = 100;
const RETRY_MS = 60_000;
const AWAY_BACKOFF = { baseMs: 500, maxMs: 30_000 };

/**
 * Describes, in the background, the latest versions that were found in numbers: after a snapshot, or a bulk upload. It walks
 * one segment after the other that is marked `undescribed`.
 */
export class DescribeBacklog {
  /** Where the walk of the current segment is; versions that could not be described are passed once. */
  private cursor: { readonly segment: Segment; readonly after: string } | null = null;
  private published: Position | null = null;
  /** Segments in which a description failed, and when they are walked again, by `performance.now()`. */
  private readonly retryAt = new Map<string, number>();
  /** Batches in a row without any answer, and until when the connector is left in peace, by `performance.now()`. */
  private unanswered = 0;
  private awayUntil = 0;

  constructor(
    private readonly namespace: Namespace,
    private readonly producer: EventProducer,
    private readonly mirror: MirrorIdentity,
    private readonly logger: Logger,
  ) {}

  /** Describes some. False: there is nothing to describe now. */
  async step(connector: ConnectorAccess, positions: Positions): Promise<boolean> {
    if (!isApplied(this.published, positions) || performance.now() < this.awayUntil) return false;
    this.published = null;
    this.cursor ??= await this.nextSegment();
    if (!this.cursor) return false;
    const { segment, after } = this.cursor;
    const end = await segmentEnd(this.namespace.segments, segment._id);
    const versions = await undescribedLatest(this.namespace, this.mirror.mirrorId, after, end, BATCH);
    const last = versions.at(-1);
    if (last === undefined) {
      await this.finish(segment);
      return true;
    }
    const { described, failure } = await this.describe(connector, versions);
    if (failure !== null) {
      this.retryAt.set(segment._id.a, performance.now() + RETRY_MS);
      this.logger.warn(
        { err: failure, described: described.size, of: versions.length },
        'versions could not be described',
      );
    }
    // Some answers: the walk goes on past the others. None: the connector is away, and the segment waits.
    const isAway = failure !== null && described.size === 0;
    this.cursor = isAway ? null : { segment, after: last._id.k };
    this.unanswered = isAway ? this.unanswered + 1 : 0;
    if (isAway) this.awayUntil = performance.now() + backoffMs(this.unanswered, AWAY_BACKOFF, Math.random());
    return !isAway;
  }

  private async nextSegment(): Promise<{ segment: Segment; after: string } | null> {
    const waiting = [...this.retryAt].filter(([, at]) => at > performance.now()).map(([after]) => after);
    const undescribed = { '_id.m': this.mirror.mirrorId, undescribed: true, visitedAt: { $ne: null } };
    const segment = await this.namespace.segments.findOne(
      { ...undescribed, '_id.a': { $nin: waiting } },
      { sort: { _id: 1 } },
    );
    return segment && { segment, after: segment._id.a };
  }

  private async describe(connector: ConnectorAccess, versions: readonly MirroredVersion[]): Promise<Descriptions> {
    const descriptions = await describeVersions(
      (key, versionId) => connector.describe(key, versionId, 'spare'),
      versions.map(({ _id, etag }) => ({ key: _id.k, versionId: _id.v, etag })),
      () => readLogicalClock(this.namespace.db),
    );
    const changes = versions.flatMap((version) => {
      const description = descriptions.described.get(`${version._id.v}/${version._id.k}`);
      if (!description) return [];
      return [
        { change: descriptionOf(this.mirror, version, description), comparedAt: fromTimestamp(version.listedAt) },
      ];
    });
    if (changes.length === 0) return descriptions;
    this.published = mergePositions(this.published ?? {}, await publishChanges(this.producer, changes, new Date()));
    return descriptions;
  }

  /** Only if nobody wrote into it since: a version that came meanwhile is undescribed, too. */
  private async finish(segment: Segment): Promise<void> {
    const { _id, writes } = segment;
    this.cursor = null;
    if ((this.retryAt.get(_id.a) ?? 0) > performance.now()) return; // walked again for those that failed
    this.retryAt.delete(_id.a);
    const done = await this.namespace.segments.updateOne({ _id, writes }, { $set: { undescribed: false } });
    if (done.matchedCount > 0) return;
    const current = await this.namespace.segments.findOne({ _id });
    if (current) this.cursor = { segment: current, after: _id.a };
  }
}
