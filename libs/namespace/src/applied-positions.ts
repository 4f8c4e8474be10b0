import { TransientError } from '@mirror/runtime';
import { type Collection, Long } from 'mongodb';

/** How far a topic has been applied. */
export interface AppliedPosition {
  /** Topic name, with its prefix. */
  readonly _id: string;
  /** Partition → next offset to apply; a partition that nothing was applied of is missing. */
  readonly next: Readonly<Record<string, Long>>;
}

/** Partition → next offset to apply. */
export type Positions = ReadonlyMap<string, bigint>;

/** Stored after the batch's writes, before its offset is resolved. Never goes back. */
export async function advancePosition(
  positions: Collection<AppliedPosition>,
  topicName: string,
  partition: number,
  nextOffset: string,
): Promise<void> {
  await positions.updateOne(
    { _id: topicName },
    { $max: { [`next.${partition}`]: Long.fromString(nextOffset) } },
    { upsert: true, writeConcern: { w: 'majority' } },
  );
}

export async function readPositions(positions: Collection<AppliedPosition>, topicName: string): Promise<Positions> {
  const document = await positions.findOne({ _id: topicName }, { promoteLongs: false });
  return new Map(Object.entries(document?.next ?? {}).map(([partition, next]) => [partition, next.toBigInt()]));
}

/** Rule R8: has everything up to these offsets been applied? Null: nothing was published. */
export function isApplied(published: Readonly<Record<string, string>> | null, positions: Positions): boolean {
  if (published === null) return true;
  return Object.entries(published).every(([partition, offset]) => (positions.get(partition) ?? -1n) >= BigInt(offset));
}

/** Where a batch of a partition begins and ends. */
interface Span {
  readonly partition: number;
  readonly firstOffset: string;
  readonly nextOffset: string;
}

/**
 * TransientError POSITION.BEHIND: the stored position is before the batch's begin, so the database was restored. The gap is
 * left as it is until the replication service has made again what was lost, which moves the position.
 */
export async function requireInStep(
  positions: Collection<AppliedPosition>,
  topicName: string,
  { partition, firstOffset }: Span,
): Promise<void> {
  const next = (await readPositions(positions, topicName)).get(String(partition));
  if (next === undefined || next >= BigInt(firstOffset)) return;
  throw new TransientError('The database is behind the committed offsets: it was restored', {
    code: 'POSITION.BEHIND',
    hint: 'It goes on when the replication service has made again what was lost. See that it runs.',
    context: { topicName, partition, firstOffset, stored: String(next) },
  });
}

/** Like {@link advancePosition}, unless there is a gap. */
export async function advanceInStep(
  positions: Collection<AppliedPosition>,
  topicName: string,
  span: Span,
): Promise<void> {
  await requireInStep(positions, topicName, span);
  await advancePosition(positions, topicName, span.partition, span.nextOffset);
}
