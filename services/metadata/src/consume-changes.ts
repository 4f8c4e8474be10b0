import type { ObjectChanged } from '@mirror/events';
import type { BatchContext, EventBatch, Rejected } from '@mirror/kafka';
import {
  advancePosition,
  applyWrites,
  bumpWriteCounters,
  compareKeys,
  type Namespace,
  readLogicalClock,
  secondsOf,
  TOMBSTONE_DAYS,
  type VersionWrite,
} from '@mirror/namespace';
import type { ApplyMetrics } from './apply-metrics.js';
import type { CurrentMirrors } from './current-mirrors.js';
import { decideWrite, intoRounds } from './decide-write.js';
import { translateWriteError } from './refused-writes.js';
import type { RestoreWatch } from './watch-restore.js';

/** A change, and the offset (or any other name) that it is rejected by. */
export interface ReceivedChange {
  readonly change: ObjectChanged;
  readonly offset: string;
}

const TOMBSTONE_SECONDS = TOMBSTONE_DAYS * 86_400;

/**
 * Applies batches of ObjectChanged to the namespace. The order is the invariant (R3, R8): documents, then the write
 * counters of their segments, then the position, and only then does the caller resolve the offsets. A crash in between
 * means the batch comes again, and changes nothing twice.
 */
export class ChangeApplier {
  /** Mirrors whose collection was prepared by this process, and at which count of restores. */
  private readonly prepared = new Map<string, number>();
  /** The last batch was mostly known versions: a replay, or a redelivery. */
  private expectKnown = false;

  constructor(
    private readonly namespace: Namespace,
    private readonly mirrors: CurrentMirrors,
    private readonly topicName: string,
    private readonly restoreWatch: RestoreWatch,
    private readonly metrics: ApplyMetrics,
  ) {}

  async apply(batch: EventBatch, context: BatchContext): Promise<readonly Rejected[]> {
    await this.restoreWatch.check(batch);
    const events = batch.events.filter(({ event }) => event.type === 'ObjectChanged');
    const changes = events.map(({ event, offset }) => ({ change: event.data as ObjectChanged, offset }));
    const rejected = await this.applyChanges(changes, () => context.heartbeat());
    await advancePosition(this.namespace.positions, this.topicName, batch.partition, batch.nextOffset);
    this.metrics.applied(events.map(({ event }) => event.time));
    return rejected;
  }

  /**
   * Documents and write counters; positions are the caller's. Answers what is refused. PermanentError when the database
   * refuses one of them for good: then some may have been applied.
   */
  async applyChanges(
    changes: readonly ReceivedChange[],
    heartbeat: () => Promise<void> = async () => {},
  ): Promise<readonly Rejected[]> {
    const pairs = new Map(changes.map(({ change }) => [change.mirrorId, change.bucket]));
    const current = await this.mirrors.currentOf(pairs);
    const rejected: Rejected[] = [];
    const byMirror = new Map([...current].map((mirrorId) => [mirrorId, [] as VersionWrite[]]));
    const nowSeconds = secondsOf(await readLogicalClock(this.namespace.db));
    for (const { change, offset } of changes) {
      const writes = byMirror.get(change.mirrorId);
      if (!writes) continue; // a life that ended: neither applied nor a fault
      const decision = decideWrite(change, nowSeconds, TOMBSTONE_SECONDS);
      if (decision.kind === 'refused') rejected.push({ offset, code: decision.code, reason: decision.reason });
      else writes.push(decision.write);
    }
    for (const [mirrorId, writes] of byMirror) {
      await this.applyToMirror(mirrorId, writes);
      await heartbeat();
    }
    return rejected;
  }

  private async applyToMirror(mirrorId: string, writes: readonly VersionWrite[]): Promise<void> {
    const { restores } = this.restoreWatch;
    if (this.prepared.get(mirrorId) !== restores) {
      await this.namespace.prepareMirror(mirrorId);
      this.prepared.set(mirrorId, restores);
    }
    const versions = this.namespace.versions(mirrorId);
    let known = 0;
    for (const round of intoRounds(writes)) {
      const result = await applyWrites(versions, round, this.expectKnown).catch((error: unknown) => {
        throw translateWriteError(error);
      });
      known += result.known;
      this.metrics.written(result);
    }
    this.expectKnown = known * 2 > writes.length;
    // Also when nothing changed: the batch may be back because the process died before this line. A description alone changes
    // nothing that a listing tells, and voids no confirmation.
    const keys = [...new Set(writes.filter(({ kind }) => kind !== 'describe').map(({ id }) => id.k))].sort(compareKeys);
    await bumpWriteCounters(this.namespace.segments, mirrorId, keys, (key, end) => compareKeys(key, end) > 0);
  }
}
