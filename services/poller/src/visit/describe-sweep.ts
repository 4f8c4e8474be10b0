import type { EventProducer, Position } from '@mirror/kafka';
import {
  type DescribedVersion,
  fromTimestamp,
  isApplied,
  latestVersions,
  type Namespace,
  type Positions,
  readLogicalClock,
  segmentEnd,
} from '@mirror/namespace';
import type { Logger } from '@mirror/runtime';
import type { ConnectorAccess } from '../connector/connector-access.js';
import type { RequestBudget } from '../connector/request-budget.js';
import type { SweepStore, SweptSegment } from '../state/sweep-store.js';
import { describeVersions } from './describe-versions.js';
import { descriptionOf, type MirrorIdentity, publishChanges, type StampedChange } from './publish-changes.js';
import { isSameDescription } from './same-description.js';

export interface SweepParts {
  readonly namespace: Namespace;
  readonly sweeps: SweepStore;
  readonly producer: EventProducer;
  readonly logger: Logger;
}

export interface SweepSettings {
  /** Descriptions older than this are read anew. */
  readonly ageSeconds: number;
  /** What it may cost. */
  readonly budget: RequestBudget;
}

const BATCH = 20;
/** HEAD and tagging. */
const REQUESTS_A_VERSION = 2;
const RETRY_MS = 600_000;

/**
 * Metadata and tags of a version can change without any trace in a listing. The sweep walks the latest versions, the segment
 * whose descriptions are the oldest first, reads them anew, and publishes what differs. It yields to everything else.
 */
export class DescriptionSweep {
  private walk: (SweptSegment & { readonly after: string; readonly failed: boolean }) | null = null;
  private published: Position | null = null;

  constructor(
    private readonly mirror: MirrorIdentity,
    private readonly parts: SweepParts,
    private readonly settings: SweepSettings,
  ) {}

  /** Reads some. False: nothing is old enough, or it has to wait. */
  async step(connector: ConnectorAccess, positions: Positions): Promise<boolean> {
    if (!isApplied(this.published, positions)) return false;
    this.published = null;
    this.walk ??= await this.begin();
    if (!this.walk || !this.settings.budget.tryTake(BATCH * REQUESTS_A_VERSION)) return false;
    const { segment, from, after, failed } = this.walk;
    const { namespace, sweeps } = this.parts;
    const end = await segmentEnd(namespace.segments, segment._id);
    const versions = await latestVersions(namespace, this.mirror.mirrorId, after, end, BATCH);
    const last = versions.at(-1);
    if (last === undefined) {
      this.walk = null;
      await (failed ? sweeps.postpone({ segment, from }, RETRY_MS) : sweeps.finish({ segment, from }));
      return true;
    }
    await sweeps.renew(segment._id);
    const answered = await this.readAnew(connector, versions);
    this.walk = { segment, from, after: last._id.k, failed: failed || !answered };
    return true;
  }

  private async begin(): Promise<typeof this.walk> {
    const claimed = await this.parts.sweeps.claim(this.mirror.mirrorId, this.settings.ageSeconds);
    return claimed && { ...claimed, after: claimed.segment._id.a, failed: false };
  }

  /** False: not every request was answered. */
  private async readAnew(connector: ConnectorAccess, versions: readonly DescribedVersion[]): Promise<boolean> {
    const { namespace, producer, logger } = this.parts;
    const { described, failure } = await describeVersions(
      (key, versionId) => connector.describe(key, versionId, 'spare'),
      versions.map(({ _id, etag }) => ({ key: _id.k, versionId: _id.v, etag })),
      () => readLogicalClock(namespace.db),
    );
    if (failure !== null)
      logger.warn({ err: failure, bucket: this.mirror.bucket }, 'descriptions could not be read anew');
    const changes = versions.flatMap((version): StampedChange[] => {
      const description = described.get(`${version._id.v}/${version._id.k}`);
      if (!description || isSameDescription(version.description, description)) return [];
      return [
        { change: descriptionOf(this.mirror, version, description), comparedAt: fromTimestamp(version.listedAt) },
      ];
    });
    if (changes.length > 0) this.published = await publishChanges(producer, changes, new Date());
    return failure === null;
  }
}
