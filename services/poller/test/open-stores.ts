import { randomUUID } from 'node:crypto';
import { Namespace } from '@mirror/namespace';
import { type FreshDatabase, freshDatabase } from '@mirror/testing';
import { ProgressStore } from '../src/state/progress-store.js';
import { SegmentStore } from '../src/state/segment-store.js';

/** The stores of one poller, in a database that nothing else uses. */
export interface OpenStores {
  readonly db: FreshDatabase['db'];
  readonly namespace: Namespace;
  readonly progress: ProgressStore;
  readonly segments: SegmentStore;
  /** The same segments, as another poller has them. */
  segmentsOf(poller: string): SegmentStore;
  /** A mirror whose progress is known; answers its id. */
  newMirror(): Promise<string>;
  close(): Promise<void>;
}

export async function openStores(name: string): Promise<OpenStores> {
  const { db, drop } = await freshDatabase(name);
  const namespace = new Namespace(db);
  const progress = new ProgressStore(db);
  const segmentsOf = (poller: string) => new SegmentStore(db.client, namespace, progress, poller);
  const segments = segmentsOf('one');
  await segments.init();
  const newMirror = async () => {
    const mirrorId = randomUUID();
    await progress.create(mirrorId, 'photos', 'http://127.0.0.1:8000/photos');
    return mirrorId;
  };
  return { db, namespace, progress, segments, segmentsOf, newMirror, close: drop };
}
