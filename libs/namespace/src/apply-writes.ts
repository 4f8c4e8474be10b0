import { type AnyBulkWriteOperation, type Collection, type Document, MongoBulkWriteError } from 'mongodb';
import { areSettled, splitByStamps } from './settled-writes.js';
import type { ListingFacts, VersionDocument, VersionId } from './version-document.js';
import type { DescriptionWrite, Put, VersionWrite } from './version-write.js';

export interface ApplyResult {
  readonly inserted: number;
  readonly changed: number;
  /** Puts of known versions, and others that changed nothing: where they are the majority, the next batch had better be read first. */
  readonly known: number;
}

type Remove = Extract<VersionWrite, { kind: 'remove' }>;
type Operation = AnyBulkWriteOperation<VersionDocument>;

/**
 * Applies writes, each version at most once, unordered. New versions are inserted, which is ten times as fast as an
 * upsert; a duplicate key means that the version is known, and rule R1's filter settles whether the write still holds.
 * Applying the same writes again changes nothing. `expectKnown` reads first what a replay need not write: that saves time, and
 * decides nothing, for each write that is left keeps its guard.
 */
export async function applyWrites(
  versions: Collection<VersionDocument>,
  writes: readonly VersionWrite[],
  expectKnown: boolean,
): Promise<ApplyResult> {
  if (expectKnown && (await areSettled(versions, writes))) return { inserted: 0, changed: 0, known: writes.length };
  const puts = writes.filter((write) => write.kind === 'put');
  const removes = writes.filter((write) => write.kind === 'remove');
  const describes = writes.filter((write) => write.kind === 'describe');
  const { fresh, known } = expectKnown ? await splitByStamps(versions, puts) : { fresh: puts, known: [] };
  const duplicates = await insertFresh(versions, fresh);
  const changed = await runGuarded(versions, [
    ...[...known, ...duplicates].flatMap(updatesOf),
    ...removes.map(removalOf),
    ...describes.map(({ id, etag, described }) => descriptionOf(id, etag, described)),
  ]);
  const inserted = fresh.length - duplicates.length;
  const unchanged = Math.max(0, writes.length - puts.length - changed);
  return { inserted, changed, known: puts.length - inserted + unchanged };
}

/** Inserts and gives back those that were there already. */
async function insertFresh(versions: Collection<VersionDocument>, fresh: readonly Put[]): Promise<Put[]> {
  if (fresh.length === 0) return [];
  const sorted = fresh.toSorted((a, b) => (a.id.k < b.id.k ? -1 : a.id.k > b.id.k ? 1 : 0)); // near `_id` order: faster
  try {
    await versions.insertMany(sorted.map(documentOf), { ordered: false });
    return [];
  } catch (error) {
    return duplicatesOf(error).flatMap((index) => sorted[index] ?? []);
  }
}

const DUPLICATE_KEY = 11_000;

/** Positions of the operations that met a duplicate key; any other failure is thrown. */
function duplicatesOf(error: unknown): number[] {
  if (!(error instanceof MongoBulkWriteError)) throw error;
  const failures = [error.writeErrors].flat();
  if (failures.length === 0 || failures.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
  if (error.result.getWriteConcernError()) throw error;
  return failures.map(({ index }) => index);
}

function documentOf({ id, facts, observed, described }: Put): VersionDocument {
  return {
    _id: id,
    live: true,
    ...facts,
    listedAt: observed.endedAt,
    description: described?.description ?? null,
    describedAt: described?.describedAt ?? null,
  };
}

function updatesOf(put: Put): Operation[] {
  const { id, facts, observed, described } = put;
  const listing: Operation = {
    updateOne: {
      filter: { _id: id, listedAt: { $lt: observed.startedAt } },
      update: [
        { $set: { ...forgetIfReplaced(facts), ...literal({ ...facts, live: true, listedAt: observed.endedAt }) } },
        { $unset: 'removedAt' },
      ],
    },
  };
  return described ? [listing, descriptionOf(id, facts.etag, described)] : [listing];
}

/** A null version can be overwritten under its id: then what was described, and what is pending, is another object's. */
function forgetIfReplaced({ etag, lastModified }: ListingFacts): Document {
  const same = { $and: [{ $eq: ['$etag', { $literal: etag }] }, { $eq: ['$lastModified', lastModified] }] };
  return {
    description: { $cond: [same, '$description', null] },
    describedAt: { $cond: [same, '$describedAt', null] },
    hidden: { $cond: [same, '$hidden', '$$REMOVE'] },
    tagsPending: { $cond: [same, '$tagsPending', '$$REMOVE'] },
  };
}

/** In a pipeline a text that begins with a dollar would be read as a field. */
const literal = (fields: Readonly<Record<string, unknown>>): Document =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { $literal: value }]));

/**
 * A description has a stamp of its own, and holds only for the very ETag that its HEAD answered. One that clients have changed
 * is theirs until the connector has it (rule R9).
 */
function descriptionOf(
  id: VersionId,
  etag: string,
  { description, describedFrom, describedAt }: DescriptionWrite,
): Operation {
  const older = [{ describedAt: null }, { describedAt: { $lt: describedFrom } }];
  return {
    updateOne: {
      filter: { _id: id, live: true, etag, tagsPending: { $exists: false }, $or: older },
      update: { $set: { description, describedAt } },
    },
  };
}

/**
 * A tombstone is made even where nothing is known, so that a put that comes late (from the dead letters) stays out. Where
 * the stamp is newer the upsert meets the document's id: that duplicate means stale.
 */
function removalOf({ id, facts, observed }: Remove): Operation {
  return {
    updateOne: {
      filter: { _id: id, listedAt: { $lt: observed.startedAt } },
      update: {
        $set: { live: false, listedAt: observed.endedAt },
        $setOnInsert: { ...facts, description: null, describedAt: null },
        $currentDate: { removedAt: true },
      },
      upsert: true,
    },
  };
}

async function runGuarded(versions: Collection<VersionDocument>, operations: Operation[]): Promise<number> {
  if (operations.length === 0) return 0;
  try {
    // Ordered inside a version (facts, then description) matters; between versions it does not, and neither is reordered.
    const result = await versions.bulkWrite(operations, { ordered: false });
    return result.modifiedCount + result.upsertedCount;
  } catch (error) {
    duplicatesOf(error);
    return error instanceof MongoBulkWriteError ? error.modifiedCount + error.upsertedCount : 0;
  }
}
