import type { LogicalTime } from '@mirror/events';
import { type ClientSession, type Db, Timestamp } from 'mongodb';

export const toTimestamp = (time: LogicalTime): Timestamp => new Timestamp(BigInt(time));

export const fromTimestamp = (timestamp: Timestamp): LogicalTime => timestamp.toBigInt().toString();

/** Whole seconds since 1970 by the replica set's clock: the high half of a logical time. */
export const secondsOf = (time: LogicalTime): number => Number(BigInt(time) >> 32n);

/**
 * Reads the replica set's logical clock (rule R1): later than every write acknowledged before the call, and no later than
 * any write begun after it returns.
 */
export async function readLogicalClock(db: Db, session: ClientSession): Promise<LogicalTime> {
  await db.command({ ping: 1 }, { session });
  return lastOperationTime(session);
}

/** The time of the session's last operation: for a write, exactly that write's time. */
export function lastOperationTime(session: ClientSession): LogicalTime {
  const time = session.operationTime;
  if (!time) throw new Error('MongoDB gave no operation time: it does not run as a replica set');
  return fromTimestamp(time);
}
