import type { Namespace } from './namespace.js';
import type { PendingOperation } from './pending-operation.js';

/** What of a mirror's uploads is not at the connector yet. */
export interface UploadFigures {
  /** Operations without an outcome, those that failed aside. */
  readonly waiting: number;
  /** Of the puts among them. */
  readonly waitingBytes: number;
  /** Of the longest waiting one, by the database's clock; null: none waits. */
  readonly oldestAgeSeconds: number | null;
  /** Operations that wait for an operator. */
  readonly failed: number;
}

export async function uploadFigures(namespace: Namespace, mirrorId: string): Promise<UploadFigures> {
  const isFailed = { $ne: [{ $type: '$failed' }, 'missing'] };
  const ofWaiting = (value: unknown, otherwise: unknown) => ({ $cond: [isFailed, otherwise, value] });
  const [sum] = await namespace.pendingOperations
    .aggregate<{ waiting: number; waitingBytes: number; oldest: Date | null; now: Date; failed: number }>(
      [
        { $match: { mirrorId, outcome: { $exists: false } } },
        {
          $group: {
            _id: null,
            waiting: { $sum: ofWaiting(1, 0) },
            waitingBytes: { $sum: ofWaiting({ $ifNull: ['$what.size', 0] }, 0) },
            oldest: { $min: ofWaiting('$acceptedDate', null) },
            failed: { $sum: { $cond: [isFailed, 1, 0] } },
          },
        },
        { $set: { now: '$$NOW' } },
      ],
      { readConcern: { level: 'majority' } },
    )
    .toArray();
  if (!sum) return { waiting: 0, waitingBytes: 0, oldestAgeSeconds: null, failed: 0 };
  const { waiting, waitingBytes, oldest, now, failed } = sum;
  const oldestAgeSeconds = oldest && Math.max(0, (now.getTime() - oldest.getTime()) / 1_000);
  return { waiting, waitingBytes, oldestAgeSeconds, failed };
}

/** What is pending of a key, in the order in which it was accepted, as the majority has it. */
export function pendingOf<Attempt = unknown>(
  namespace: Namespace,
  mirrorId: string,
  key: string,
): Promise<PendingOperation<Attempt>[]> {
  return namespace.pendingOperations
    .find({ mirrorId, key }, { sort: { sequence: 1 }, readConcern: { level: 'majority' } })
    .toArray() as Promise<PendingOperation<Attempt>[]>;
}
