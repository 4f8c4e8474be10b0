/** Partition -> the offset after the last message there, as decimal text: what a consumer that has it all will ask for next. */
export type Position = Readonly<Record<number, string>>;

/** The furthest of both in each partition. */
export function mergePositions(a: Position, b: Position): Position {
  const merged: Record<number, string> = { ...a };
  for (const [partition, offset] of Object.entries(b)) {
    const known = merged[Number(partition)];
    if (known === undefined || BigInt(offset) > BigInt(known)) merged[Number(partition)] = offset;
  }
  return merged;
}

/** The offset that follows. Offsets are 64 bits: a number would lose their low ones. */
export const offsetAfter = (offset: string): string => String(BigInt(offset) + 1n);
