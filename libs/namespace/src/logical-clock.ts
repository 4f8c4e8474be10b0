import type { LogicalTime } from '@mirror/events';
import { FatalError } from '@mirror/runtime';
import { type ClientSession, type Db, Timestamp } from 'mongodb';

export const toTimestamp = (time: LogicalTime): Timestamp => new Timestamp(BigInt(time));

export const fromTimestamp = (timestamp: Timestamp): LogicalTime => timestamp.toBigInt().toString();

/** Whole seconds since 1970 by the replica set's clock: the high half of a logical time. */
export const secondsOf = (time: LogicalTime): number => Number(BigInt(time) >> 32n);

/**
 * Reads the replica set's logical clock (rule R1): not before any write acknowledged before the call, and before every
 * write begun after it returns.
 */
export async function readLogicalClock(db: Db): Promise<LogicalTime> {
  const reply = await db.command({ ping: 1 });
  return requireTime(reply.operationTime);
}

/** The time of the session's last operation: for a write, exactly that write's time. */
export function lastOperationTime(session: ClientSession): LogicalTime {
  return requireTime(session.operationTime);
}

function requireTime(time: unknown): LogicalTime {
  if (time instanceof Timestamp) return fromTimestamp(time);
  throw new FatalError('MongoDB gives no operation time', {
    code: 'MONGODB.NO_REPLICA_SET',
    hint: 'Run MongoDB as a replica set; one node is enough.',
  });
}
