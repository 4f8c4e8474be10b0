import type { ReplicationCompleted } from '@mirror/events';
import type { AnyBulkWriteOperation, ClientSession, Collection } from 'mongodb';
import { compareKeys } from './compare-keys.js';
import type { Namespace } from './namespace.js';
import { PENDING_PLACE } from './pending-operation.js';
import { mergedInto, PENDING, recordedAs } from './record-push.js';
import { bumpWriteCounters } from './segment.js';
import type { VersionDocument } from './version-document.js';

type Versions = Collection<VersionDocument>;

/** A put or a delete marker that is at the connector, under an id of its own. */
export type Arrival = ReplicationCompleted & { readonly versionId: string };

/** What is not one is recorded by `recordPush`. */
export function isArrival(completed: ReplicationCompleted): completed is Arrival {
  const { kind, outcome, versionId } = completed;
  return (kind === 'put' || kind === 'deleteMarker') && outcome === 'done' && versionId !== null;
}

/** Documents that one query answers at most. */
const PAGE = 500;

/**
 * Records what `recordPush` records of one, of many arrivals of a mirror, each of another key: in one transaction, with as many
 * requests as for one. Where somebody else writes one of the documents at the same moment all of it fails, and changes
 * nothing: they are to be recorded one by one then. Answers how many operations it ended.
 */
export async function recordArrivals(
  namespace: Namespace,
  mirrorId: string,
  arrivals: readonly Arrival[],
): Promise<number> {
  await using session = namespace.db.client.startSession();
  session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } });
  let ended = 0;
  try {
    ended = await new Recording(session, namespace, mirrorId).record(arrivals);
    await session.commitTransaction();
  } catch (error) {
    if (session.inTransaction()) await session.abortTransaction();
    throw error;
  }
  const keys = arrivals.map(({ key }) => key).toSorted(compareKeys);
  // Also when nothing was recorded: the process may have died before this line the last time (rule R3).
  await bumpWriteCounters(namespace.segments, mirrorId, keys, (key, end) => compareKeys(key, end) > 0);
  return ended;
}

class Recording {
  readonly #versions: Versions;

  constructor(
    private readonly session: ClientSession,
    private readonly namespace: Namespace,
    private readonly mirrorId: string,
  ) {
    this.#versions = namespace.versions(mirrorId);
  }

  async record(arrivals: readonly Arrival[]): Promise<number> {
    const { session, mirrorId } = this;
    const { pendingOperations } = this.namespace;
    const ids = arrivals.map(({ operationId }) => operationId);
    const operations = await pendingOperations.find({ _id: { $in: ids }, mirrorId }, { session }).toArray();
    if (operations.length === 0) return 0;
    const said = new Map(arrivals.map((arrival) => [arrival.operationId, arrival]));
    const pending = await this.#find(operations.map(({ key: k, what: { versionId: v } }) => ({ k, v })));
    const became = operations.flatMap(({ _id, key, what }) => {
      const [version, arrival] = [pending.get(nameOf(key, what.versionId)), said.get(_id)];
      return version?.pending && arrival ? [{ version, arrival }] : [];
    });
    const writes = await this.#writes(became);
    if (writes.length > 0) await this.#versions.bulkWrite(writes, { session, ordered: false });
    await pendingOperations.deleteMany({ _id: { $in: operations.map(({ _id }) => _id) } }, { session });
    return operations.length;
  }

  async #writes(
    became: readonly { readonly version: VersionDocument; readonly arrival: Arrival }[],
  ): Promise<AnyBulkWriteOperation<VersionDocument>[]> {
    const known = await this.#find(became.map(({ arrival }) => ({ k: arrival.key, v: arrival.versionId })));
    const isNew = ({ arrival }: { arrival: Arrival }) => !known.has(nameOf(arrival.key, arrival.versionId));
    const first = await this.#firstPlaces(became.filter(isNew).map(({ arrival }) => arrival.key));
    return became.flatMap(({ version, arrival }) => {
      const { key, versionId, lastModified } = arrival;
      const found = known.get(nameOf(key, versionId));
      const place = (first.get(key) ?? 1) - 1;
      return [
        { deleteOne: { filter: { _id: version._id, ...PENDING } } },
        found
          ? { updateOne: { filter: { _id: found._id }, update: mergedInto(found, version) } }
          : { insertOne: { document: recordedAs(versionId, version, place, lastModified) } },
      ];
    });
  }

  /** Of each key the place of its first connector version. A key with many is passed over from its first on. */
  async #firstPlaces(keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const first = new Map<string, number>();
    let rest = keys.toSorted(compareKeys);
    while (rest.length > 0) {
      const found = await this.#versions
        .find({ live: true, '_id.k': { $in: rest }, place: { $gt: PENDING_PLACE } }, { session: this.session })
        .project<Pick<VersionDocument, '_id' | 'place'>>({ place: 1 })
        .sort({ '_id.k': 1, place: 1 })
        .limit(PAGE)
        .toArray();
      for (const { _id, place } of found) if (!first.has(_id.k)) first.set(_id.k, place);
      const last = found.at(-1);
      if (found.length < PAGE || last === undefined) break;
      rest = rest.filter((key) => compareKeys(key, last._id.k) > 0);
    }
    return first;
  }

  async #find(ids: readonly VersionDocument['_id'][]): Promise<ReadonlyMap<string, VersionDocument>> {
    const found = await this.#versions.find({ _id: { $in: [...ids] } }, { session: this.session }).toArray();
    return new Map(found.map((version) => [nameOf(version._id.k, version._id.v), version]));
  }
}

const nameOf = (key: string, versionId: string): string => JSON.stringify([key, versionId]);
