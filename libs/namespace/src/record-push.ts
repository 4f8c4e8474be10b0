import type { ReplicationCompleted } from '@mirror/events';
import type { ClientSession, Collection, UpdateFilter } from 'mongodb';
import { Timestamp } from 'mongodb';
import { compareKeys } from './compare-keys.js';
import { findAnyVersion } from './find-version.js';
import type { Namespace } from './namespace.js';
import { type OperationWhat, PENDING_PLACE } from './pending-operation.js';
import { bumpWriteCounters } from './segment.js';
import type { VersionDocument } from './version-document.js';

type Versions = Collection<VersionDocument>;
type Of<K extends OperationWhat['kind']> = Extract<OperationWhat, { kind: K }>;

/** On insert the database puts its own time in its place. */
const STAMPED_BY_DATABASE = new Timestamp({ t: 0, i: 0 });

/**
 * Records what became of an operation (rule R12), in one transaction that also ends it. Said again it finds nothing to end,
 * and changes nothing. Answers false then.
 */
export async function recordPush(namespace: Namespace, completed: ReplicationCompleted): Promise<boolean> {
  const { mirrorId, key } = completed;
  const session = namespace.db.client.startSession();
  try {
    const recorded = await session.withTransaction(() => recordInTransaction(session, namespace, completed), {
      readConcern: { level: 'snapshot' },
      writeConcern: { w: 'majority' },
    });
    // Also when nothing was recorded: the process may have died before this line the last time (rule R3).
    await bumpWriteCounters(namespace.segments, mirrorId, [key], (one, end) => compareKeys(one, end) > 0);
    return recorded;
  } finally {
    await session.endSession();
  }
}

async function recordInTransaction(
  session: ClientSession,
  namespace: Namespace,
  completed: ReplicationCompleted,
): Promise<boolean> {
  const { mirrorId, operationId } = completed;
  const operation = await namespace.pendingOperations.findOneAndDelete({ _id: operationId, mirrorId }, { session });
  if (operation === null) return false;
  const recording = new Recording(session, namespace.versions(mirrorId), operation.key, operation.sequence);
  if (completed.outcome === 'discarded') await recording.discarded(operation.what);
  else await recording.done(operation.what, completed);
  return true;
}

/** One operation's end, on the documents of its key. */
class Recording {
  constructor(
    private readonly session: ClientSession,
    private readonly versions: Versions,
    private readonly key: string,
    private readonly sequence: number,
  ) {}

  async done(what: OperationWhat, completed: ReplicationCompleted): Promise<void> {
    switch (what.kind) {
      case 'put':
      case 'deleteMarker':
        await this.#becomes(what.versionId, completed);
        return;
      case 'deleteVersion':
        await this.#removed(what);
        return;
      case 'tag':
        await this.#tagged(what, { $unset: { tagsPending: true }, $currentDate: STAMP_DESCRIPTION });
    }
  }

  async discarded(what: OperationWhat): Promise<void> {
    switch (what.kind) {
      case 'put':
      case 'deleteMarker':
        await this.versions.deleteOne({ ...this.#id(what.versionId), ...PENDING }, this.#options);
        return;
      case 'deleteVersion':
        await this.#update(what.versionId, { $unset: { hidden: true } });
        return;
      case 'tag': // described anew: nobody knows what the tags were before
        await this.#tagged(what, { $unset: { tagsPending: true }, $set: { describedAt: null } });
    }
  }

  /** The pending document turns into the connector's version, or is merged into what a listing has made of it meanwhile. */
  async #becomes(clientId: string, { versionId, lastModified }: ReplicationCompleted): Promise<void> {
    const pending = await this.versions.findOneAndDelete({ ...this.#id(clientId), ...PENDING }, this.#options);
    if (pending === null || versionId === null) return;
    const known = await this.versions.findOne(this.#id(versionId), this.#options);
    if (known === null) await this.#insert(pending, versionId, lastModified);
    else await this.versions.updateOne({ _id: known._id }, mergedInto(known, pending), this.#options);
  }

  async #insert(pending: VersionDocument, versionId: string, lastModified: string | undefined): Promise<void> {
    const document = recordedAs(versionId, pending, await this.#placeBeforeAll(), lastModified);
    await this.versions.insertOne(document, this.#options);
  }

  async #placeBeforeAll(): Promise<number> {
    const first = await this.versions.findOne(
      { live: true, '_id.k': this.key, place: { $gt: PENDING_PLACE } },
      { ...this.#options, sort: { place: 1 }, projection: { place: 1 } },
    );
    return first === null ? 0 : first.place - 1;
  }

  async #removed(what: Of<'deleteVersion'>): Promise<void> {
    const found = await findAnyVersion(this.versions, this.key, what.versionId, this.#options);
    if (found === null || found.pending) return;
    // An object that took the place of a version without an id of its own is another one: it was not deleted.
    if (found._id.v === 'null' && !isTheSame(found, what)) {
      await this.#update('null', { $unset: { hidden: true } });
      return;
    }
    const tombstone = { $set: { live: false }, $unset: { hidden: true, tagsPending: true } } as const;
    const stamps = { listedAt: { $type: 'timestamp' }, removedAt: true } as const;
    const gone = found.live ? { ...tombstone, $currentDate: stamps } : { $unset: tombstone.$unset };
    await this.versions.updateOne({ _id: found._id }, gone, this.#options);
  }

  /** A later change of tags of the same version is still pending when its sequence is the one that is noted. */
  async #tagged({ versionId }: Of<'tag'>, update: UpdateFilter<VersionDocument>): Promise<void> {
    const found = await findAnyVersion(this.versions, this.key, versionId, this.#options);
    if (found) await this.versions.updateOne({ _id: found._id, tagsPending: this.sequence }, update, this.#options);
  }

  async #update(versionId: string, update: UpdateFilter<VersionDocument>): Promise<void> {
    const found = await findAnyVersion(this.versions, this.key, versionId, this.#options);
    if (found) await this.versions.updateOne({ _id: found._id }, update, this.#options);
  }

  #id(versionId: string) {
    return { _id: { k: this.key, v: versionId } };
  }

  get #options() {
    return { session: this.session };
  }
}

export const PENDING = { pending: { $exists: true } };
const STAMP_DESCRIPTION = { describedAt: { $type: 'timestamp' } } as const;

/** The pending version under the connector's id. Place and time are provisional, until a listing says them. */
export function recordedAs(
  versionId: string,
  { pending: _, aliases = [], ...version }: VersionDocument,
  place: number,
  lastModified: string | undefined,
): VersionDocument {
  return {
    ...version,
    _id: { k: version._id.k, v: versionId },
    aliases: [...aliases, version._id.v],
    place,
    lastModified: lastModified === undefined ? version.lastModified : new Date(lastModified),
    listedAt: STAMPED_BY_DATABASE,
  };
}

/** The known version keeps its facts; what clients did to the pending one since goes over to it. */
export function mergedInto(known: VersionDocument, pending: VersionDocument): UpdateFilter<VersionDocument> {
  const { description, describedAt, hidden, tagsPending } = pending;
  const isDescribed = known.description !== null && tagsPending === undefined;
  return {
    $addToSet: { aliases: pending._id.v },
    $set: {
      ...(!isDescribed && { description, describedAt }),
      ...(hidden && { hidden }),
      ...(tagsPending !== undefined && { tagsPending }),
    },
  };
}

const isTheSame = (found: VersionDocument, { etag, lastModified }: Of<'deleteVersion'>): boolean =>
  (etag === null || found.etag === etag) && found.lastModified.getTime() === lastModified.getTime();
