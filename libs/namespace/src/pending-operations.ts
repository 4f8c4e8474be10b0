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

/** A key of a mirror that has pending operations. */
export interface PendingKey {
  readonly mirrorId: string;
  readonly bucket: string;
  readonly key: string;
}

/** Keys with pending operations, by mirror and key, from behind `after` on (null: from the first); at most `limit`. */
export function pendingKeys(
  namespace: Namespace,
  after: Pick<PendingKey, 'mirrorId' | 'key'> | null,
  limit: number,
): Promise<PendingKey[]> {
  const behind = after && {
    $or: [{ mirrorId: { $gt: after.mirrorId } }, { mirrorId: after.mirrorId, key: { $gt: after.key } }],
  };
  return namespace.pendingOperations
    .aggregate<PendingKey>([
      { $match: behind ?? {} },
      { $sort: { mirrorId: 1, key: 1, sequence: 1 } },
      { $group: { _id: { m: '$mirrorId', k: '$key' }, bucket: { $first: '$bucket' } } },
      { $sort: { _id: 1 } },
      { $limit: limit },
      { $project: { _id: 0, mirrorId: '$_id.m', bucket: 1, key: '$_id.k' } },
    ])
    .toArray();
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
