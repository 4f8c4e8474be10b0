import { isApplied, Namespace, readPositions } from '@mirror/namespace';
import { ServiceTokenGuard } from '@mirror/runtime';
import { Controller, Get, Inject, NotFoundException, Param, UseGuards } from '@nestjs/common';
import { type MirrorProgress, ProgressStore } from './state/progress-store.js';
import { RemovalLedger } from './state/removal-ledger.js';
import { SegmentStore } from './state/segment-store.js';
import { SweepStore } from './state/sweep-store.js';

export const CHANGES_TOPIC = Symbol('CHANGES_TOPIC');

/** Internal: the poller's part of a bucket's status. Ages in seconds, by the database's time; null: not known. */
@Controller('internal/v1/mirrors')
@UseGuards(ServiceTokenGuard)
export class StatusController {
  constructor(
    private readonly namespace: Namespace,
    private readonly segments: SegmentStore,
    private readonly ledger: RemovalLedger,
    private readonly progress: ProgressStore,
    private readonly sweeps: SweepStore,
    @Inject(CHANGES_TOPIC) private readonly changesTopic: string,
  ) {}

  @Get(':mirrorId/status')
  async status(@Param('mirrorId') mirrorId: string) {
    const progress = await this.progress.read(mirrorId);
    if (!progress) throw new NotFoundException('This mirror is not polled (yet).');
    const now = await this.segments.now();
    const [coverage, unappliedSince, removals, describedSince] = await Promise.all([
      this.segments.coverage(mirrorId, progress.passStartedAt),
      this.unappliedSince(mirrorId),
      this.ledger.counts(mirrorId),
      this.sweeps.oldest(mirrorId),
    ]);
    const oldestVisit = coverage?.oldestVisit;
    const visited = oldestVisit && oldestVisit.getTime() > 0 ? oldestVisit : progress.snapshotStartedAt;
    return {
      snapshot: snapshotOf(progress, coverage?.versions ?? 0, now),
      oldestUnappliedChangeAgeSeconds: unappliedSince ? ageSeconds(unappliedSince, now) : 0,
      oldestUnvisitedRangeAgeSeconds: visited ? ageSeconds(visited, now) : null,
      oldestDescriptionAgeSeconds: describedSince ? ageSeconds(describedSince, now) : null,
      lastFullPassAt: progress.lastFullPassAt,
      lastFullPassSeconds: progress.lastFullPassSeconds,
      removals,
      suspect: progress.suspect,
      lastVerify: progress.verify,
      lastError: progress.lastError,
      failing: progress.failing,
    };
  }

  /** When the oldest change was published that is not applied yet. */
  private async unappliedSince(mirrorId: string): Promise<Date | null> {
    const positions = await readPositions(this.namespace.positions, this.changesTopic);
    const waiting = (await this.segments.publishing(mirrorId)).filter(
      ({ published }) => !isApplied(published, positions),
    );
    const times = waiting.flatMap(({ publishedAt }) => publishedAt ?? []);
    return times.length === 0 ? null : new Date(times.reduce((oldest, at) => Math.min(oldest, at.getTime()), Infinity));
  }
}

/** While the snapshot runs, both figures are of what was listed so far; then they stay as they were at its end. */
function snapshotOf(progress: MirrorProgress, listedSoFar: number, now: Date) {
  const { snapshotStartedAt: startedAt, snapshotCompletedAt: completedAt } = progress;
  const versionsListed = progress.snapshotVersions ?? listedSoFar;
  const seconds = startedAt ? ((completedAt ?? now).getTime() - startedAt.getTime()) / 1000 : 0;
  return {
    startedAt,
    completedAt,
    versionsListed,
    versionsPerSecond: seconds > 0 ? Math.round(versionsListed / seconds) : null,
  };
}

const ageSeconds = (since: Date, now: Date): number => Math.max(0, (now.getTime() - since.getTime()) / 1000);
