import type { MirrorState } from '@mirror/events';
import type { StateTable } from '@mirror/kafka';

/** Which mirrors are alive (rule R2), from the state topic of the buckets. */
export class CurrentMirrors {
  constructor(private readonly buckets: StateTable<MirrorState>) {}

  /**
   * Of these bucket and mirrorId pairs, the mirrorIds that are current. An id that the table does not show may be of a life
   * that ended, or of one that the table has not read yet: the topic's end is read before it is called past.
   */
  async currentOf(pairs: ReadonlyMap<string, string>): Promise<ReadonlySet<string>> {
    const missing = [...pairs].some(([mirrorId, bucket]) => !this.isCurrent(bucket, mirrorId));
    if (missing) await this.buckets.catchUp();
    return new Set([...pairs].filter(([mirrorId, bucket]) => this.isCurrent(bucket, mirrorId)).map(([id]) => id));
  }

  /**
   * The mirrorId of the bucket's present life; undefined: it has none. @param expected The topic's end is read only when the
   * table says otherwise; undefined: whatever it says.
   */
  async currentIdOf(bucket: string, expected: string | undefined): Promise<string | undefined> {
    const known = this.currentId(bucket);
    if (known !== undefined && (expected === undefined || expected === known)) return known;
    await this.buckets.catchUp();
    return this.currentId(bucket);
  }

  async allIds(): Promise<ReadonlySet<string>> {
    await this.buckets.catchUp();
    const alive = [...this.buckets.entries()].filter(({ type }) => type !== 'BucketDetached');
    return new Set(alive.map(({ state }) => state.mirrorId));
  }

  private isCurrent(bucket: string, mirrorId: string): boolean {
    return this.currentId(bucket) === mirrorId;
  }

  private currentId(bucket: string): string | undefined {
    const entry = this.buckets.get(bucket);
    return entry === undefined || entry.type === 'BucketDetached' ? undefined : entry.state.mirrorId;
  }
}
