import type { MirrorState } from '@mirror/events';
import type { StateTable } from '@mirror/kafka';
import { serviceUnavailable } from '../protocol/errors.js';

/** The mirrored buckets, as the state topic tells. Until it has been read to its end every question is a 503. */
export class ServedBuckets {
  #isRead = false;

  constructor(private readonly table: Pick<StateTable<MirrorState>, 'get' | 'entries'>) {}

  /** Called when the table has been read to its end: from now on what is not in it does not exist. */
  open(): void {
    this.#isRead = true;
  }

  get isOpen(): boolean {
    return this.#isRead;
  }

  get(name: string): MirrorState | undefined {
    this.#requireOpen();
    const entry = this.table.get(name);
    return entry === undefined || entry.type === 'BucketDetached' ? undefined : entry.state;
  }

  /** By name, as ListBuckets answers them. */
  list(): MirrorState[] {
    this.#requireOpen();
    const served = [...this.table.entries()].filter(({ type }) => type !== 'BucketDetached');
    return served.map(({ state }) => state).sort((a, b) => (a.bucket < b.bucket ? -1 : 1));
  }

  #requireOpen(): void {
    if (!this.#isRead) throw serviceUnavailable('The list of buckets is being read.');
  }
}
