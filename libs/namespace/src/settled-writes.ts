import type { Collection, Filter, Timestamp } from 'mongodb';
import type { VersionDocument, VersionId } from './version-document.js';
import type { Put, VersionWrite } from './version-write.js';

/** A count of more kinds of observations than this costs more than it saves. */
const MAX_BRANCHES = 64;
/** What is not committed by a majority may be rolled back: nobody may rely on it and leave a write out. */
const readConcern = { level: 'majority' } as const;

/**
 * Whether rule R1's filter would refuse every one of the writes, as when a topic is replayed: one count that the database
 * answers without sending a document. What would change nothing now is done: leaving it out is the same as having run it now.
 */
export async function areSettled(
  versions: Collection<VersionDocument>,
  writes: readonly VersionWrite[],
): Promise<boolean> {
  const byStamps = new Map<string, { readonly stamps: Filter<VersionDocument>; readonly ids: VersionId[] }>();
  for (const write of writes) {
    const { name, stamps } = refusedFrom(write);
    const same = byStamps.get(name);
    if (same) same.ids.push(write.id);
    else byStamps.set(name, { stamps, ids: [write.id] });
  }
  if (byStamps.size === 0 || byStamps.size > MAX_BRANCHES) return false;
  const $or = [...byStamps.values()].map(({ stamps, ids }) => ({ _id: { $in: ids }, ...stamps }));
  return (await versions.countDocuments({ $or }, { readConcern })) === writes.length;
}

/** The stamps of a document that a write leaves as it is. */
function refusedFrom(write: VersionWrite): { name: string; stamps: Filter<VersionDocument> } {
  const listedAt = write.kind === 'describe' ? undefined : write.observed.startedAt;
  const describedAt = write.kind === 'remove' ? undefined : write.described?.describedFrom;
  return {
    name: `${listedAt ?? ''}/${describedAt ?? ''}`,
    stamps: {
      ...(listedAt && { listedAt: { $gte: listedAt } }),
      ...(describedAt && { describedAt: { $gte: describedAt } }),
    },
  };
}

/** Leaves out what R1's filter would refuse anyway, and tells known versions from new ones. */
export async function splitByStamps(
  versions: Collection<VersionDocument>,
  puts: readonly Put[],
): Promise<{ fresh: Put[]; known: Put[] }> {
  const stored = new Map<string, { listedAt: Timestamp; describedAt: Timestamp | null }>();
  const projection = { listedAt: 1, describedAt: 1 };
  const cursor = versions.find({ _id: { $in: puts.map(({ id }) => id) } }, { projection, readConcern });
  for await (const { _id, listedAt, describedAt } of cursor) stored.set(identity(_id), { listedAt, describedAt });
  const fresh: Put[] = [];
  const known: Put[] = [];
  for (const put of puts) {
    const stamps = stored.get(identity(put.id));
    if (stamps === undefined) fresh.push(put);
    else if (stamps.listedAt.lessThan(put.observed.startedAt) || isNews(put, stamps.describedAt)) known.push(put);
  }
  return { fresh, known };
}

const isNews = ({ described }: Put, describedAt: Timestamp | null): boolean =>
  described !== null && (describedAt === null || describedAt.lessThan(described.describedFrom));

const identity = ({ k, v }: VersionId): string => `${v}/${k}`;
