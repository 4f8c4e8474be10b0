import type { ReplicationCompleted } from '@mirror/events';
import type { BatchContext, EventBatch, Rejected } from '@mirror/kafka';
import {
  type Arrival,
  advanceInStep,
  isArrival,
  type Namespace,
  recordArrivals,
  recordPush,
  requireInStep,
} from '@mirror/namespace';
import type { CurrentMirrors } from './current-mirrors.js';
import { translateWriteError } from './refused-writes.js';

/** Keys that are recorded at the same time. */
const KEYS_AT_ONCE = 8;
/** Arrivals that one transaction records. */
const MOST_TOGETHER = 200;

/**
 * Records what became of clients' operations (rule R12): those of a key in their order, a transaction each, then the write
 * counter of its segment, then the position. Arrivals of different keys, the bulk of them, share one transaction. A batch that
 * comes again finds nothing to end.
 */
export class PushRecorder {
  /** Mirrors whose collection was prepared by this process. */
  private readonly prepared = new Set<string>();

  constructor(
    private readonly namespace: Namespace,
    private readonly mirrors: CurrentMirrors,
    private readonly topicName: string,
  ) {}

  async apply(batch: EventBatch, context: BatchContext): Promise<readonly Rejected[]> {
    await requireInStep(this.namespace.positions, this.topicName, batch);
    const events = batch.events.filter(({ event }) => event.type === 'ReplicationCompleted');
    const completed = events.map(({ event }) => event.data as ReplicationCompleted);
    await this.record(completed, () => context.heartbeat());
    await advanceInStep(this.namespace.positions, this.topicName, batch);
    return [];
  }

  /** Those of other lives are left out (rule R2). PermanentError when the database refuses one of them for good. */
  async record(
    completed: readonly ReplicationCompleted[],
    heartbeat: () => Promise<void> = async () => {},
  ): Promise<void> {
    const current = await this.mirrors.currentOf(new Map(completed.map((one) => [one.mirrorId, one.bucket])));
    for (const mirrorId of current) await this.prepare(mirrorId);
    const keys = byKey(completed.filter(({ mirrorId }) => current.has(mirrorId)));
    const apart = await this.recordTogether(keys, heartbeat);
    await Promise.all(Array.from({ length: KEYS_AT_ONCE }, () => this.recordKeys(apart, heartbeat)));
  }

  /** Answers what is to be recorded one by one. */
  private async recordTogether(
    keys: ReplicationCompleted[][],
    heartbeat: () => Promise<void>,
  ): Promise<ReplicationCompleted[][]> {
    const apart = keys.filter((key) => !isSingleArrival(key));
    const arrivals = keys.filter(isSingleArrival).map(([arrival]) => arrival);
    for (const [mirrorId, ofMirror] of Map.groupBy(arrivals, (arrival) => arrival.mirrorId)) {
      for (let begin = 0; begin < ofMirror.length; begin += MOST_TOGETHER) {
        const some = ofMirror.slice(begin, begin + MOST_TOGETHER);
        try {
          await recordArrivals(this.namespace, mirrorId, some);
        } catch {
          // A conflict, most likely. If not, each will say what is wrong with it.
          apart.push(...some.map((arrival) => [arrival]));
        }
        await heartbeat();
      }
    }
    return apart;
  }

  /** Takes keys until there are none; several do so at once. */
  private async recordKeys(keys: ReplicationCompleted[][], heartbeat: () => Promise<void>): Promise<void> {
    for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
      for (const one of key) {
        await recordPush(this.namespace, one).catch((error: unknown) => {
          throw translateWriteError(error);
        });
      }
      await heartbeat();
    }
  }

  private async prepare(mirrorId: string): Promise<void> {
    if (this.prepared.has(mirrorId)) return;
    await this.namespace.prepareMirror(mirrorId);
    this.prepared.add(mirrorId);
  }
}

/** In the order of their messages inside a key. */
function byKey(completed: readonly ReplicationCompleted[]): ReplicationCompleted[][] {
  const keys = Map.groupBy(completed, ({ mirrorId, key }) => `${mirrorId}/${key}`);
  return [...keys.values()];
}

const isSingleArrival = (key: ReplicationCompleted[]): key is [Arrival] => {
  const [first, ...others] = key;
  return first !== undefined && others.length === 0 && isArrival(first);
};
