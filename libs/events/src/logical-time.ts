/**
 * A reading of the replica set's logical clock (a BSON Timestamp) as it travels in events: 64 bits as decimal text,
 * because a JSON number would lose its low bits. Only compare them with {@link compareTimes}.
 */
export type LogicalTime = string;

export const LOGICAL_TIME_PATTERN = /^(0|[1-9][0-9]{0,19})$/;

/** Negative when `a` is earlier than `b`, zero when they are equal, positive when later. */
export function compareTimes(a: LogicalTime, b: LogicalTime): number {
  // Canonical decimal text: the longer one is the larger one, and equal lengths compare as text.
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
