import type { Collection } from 'mongodb';

/** Every accepted operation of a mirror writes one of its gates. */
export interface UploadGate {
  readonly _id: { readonly m: string; readonly s: number };
  readonly closed: boolean;
  /** Counts what was accepted through it; written so that closing and accepting conflict. */
  readonly writes: number;
  /** Ends the gate by a TTL index: until then nobody who has not heard of the detach can accept. */
  readonly closedAt?: Date;
}

/** So many that keys written at the same moment rarely share one, and conflict. */
export const GATE_SHARDS = 256;

/** A gate of a detached mirror is kept for longer than any service can be unaware of the detach. */
export const CLOSED_GATE_SECONDS = 7 * 86_400;

/** FNV-1a over UTF-16 units: every process has to find the same gate for a key. */
export function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % GATE_SHARDS;
}

/** When it resolves, every operation that was accepted is committed and seen by counting, and none will be accepted. */
export async function closeUploads(gates: Collection<UploadGate>, mirrorId: string): Promise<void> {
  const update = { $set: { closed: true }, $setOnInsert: { writes: 0 }, $currentDate: { closedAt: true as const } };
  await setAll(gates, mirrorId, update);
}

/** The detach was refused. */
export async function reopenUploads(gates: Collection<UploadGate>, mirrorId: string): Promise<void> {
  await setAll(gates, mirrorId, {
    $set: { closed: false },
    $unset: { closedAt: true },
    $setOnInsert: { writes: 0 },
  });
}

async function setAll(gates: Collection<UploadGate>, m: string, update: object): Promise<void> {
  const shards = Array.from({ length: GATE_SHARDS }, (_, s) => s);
  await gates.bulkWrite(
    shards.map((s) => ({ updateOne: { filter: { _id: { m, s } }, update, upsert: true } })),
    { ordered: false, writeConcern: { w: 'majority' } },
  );
}
