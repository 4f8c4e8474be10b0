import type { ObjectDeleted, ObjectTagged, ObjectUploaded } from '@mirror/events';
import type { EventBatch, Rejected } from '@mirror/kafka';
import { advanceInStep, type Namespace } from '@mirror/namespace';
import type { MirrorPushes } from './mirror-pushes.js';

type Accepted = ObjectUploaded | ObjectDeleted | ObjectTagged;

/**
 * An event only says that a key may have something to be pushed; what there is, is in the database. So a topic that is read
 * again pushes nothing twice (I7), and one that expired loses nothing.
 */
export class UploadConsumer {
  constructor(
    private readonly mirrors: MirrorPushes,
    private readonly namespace: Namespace,
    private readonly topicName: string,
  ) {}

  async apply(batch: EventBatch): Promise<readonly Rejected[]> {
    for (const { event } of batch.events) {
      const { mirrorId, key } = event.data as Accepted;
      this.mirrors.nudge(mirrorId, key);
    }
    // The position tells a database that was restored; it says no more than that.
    await advanceInStep(this.namespace.positions, this.topicName, batch);
    return [];
  }
}
