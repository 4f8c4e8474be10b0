import { PermanentError } from '@mirror/runtime';
import { type ClientSession, MongoServerError, type Timestamp } from 'mongodb';
import { findLatest, findVersion } from './find-version.js';
import type { Namespace } from './namespace.js';
import { type OperationWhat, type PendingOperation, pendingPlace } from './pending-operation.js';
import { shardOf } from './upload-gates.js';
import type { StoredDescription, VersionDocument } from './version-document.js';

export interface AcceptRequest {
  /** The id of the operation, minted by the caller; also of its event. */
  readonly operationId: string;
  readonly mirrorId: string;
  readonly bucket: string;
  readonly key: string;
  /** The version that a delete or a change of tags names, as the client knows it: an id, or an alias. */
  readonly versionId?: string;
  /** For a change of tags: what HEAD said of a version that nobody has described yet. */
  readonly describedAs?: StoredDescription;
  /**
   * Judges the conditions, and says what is to be done: pure, because a transaction may be tried again. What it throws is
   * thrown, and nothing is accepted. `latest`: of the key, visible, possibly a delete marker. `target`: what `versionId` names.
   */
  readonly decide: (latest: VersionDocument | null, sequence: number, target: VersionDocument | null) => OperationWhat;
}

export type Accepted =
  | { readonly kind: 'accepted'; readonly operation: PendingOperation }
  /**
   * A version was deleted whose own push had not begun, or had failed: both ended. Nothing is pushed, but its event is to be
   * said nevertheless: a database that is restored is mended from the events.
   */
  | { readonly kind: 'cancelled'; readonly operation: PendingOperation };

/**
 * Accepts an operation (rule R9), inside `session.withTransaction` with read concern snapshot and write concern majority. All
 * accepted operations of a key write its sequence, so that of two at once one waits for the other's outcome: conditions can't
 * both win. PermanentError MIRROR.CLOSED: a detach is under way, or was. VERSION.UNDESCRIBED: see `describedAs`.
 */
export async function acceptOperation(
  session: ClientSession,
  namespace: Namespace,
  request: AcceptRequest,
): Promise<Accepted> {
  const { operationId, mirrorId, bucket, key } = request;
  await passGate(session, namespace, mirrorId, key);
  const { next: sequence, at: acceptedAt, date: acceptedDate } = await nextSequence(session, namespace, mirrorId, key);
  const versions = namespace.versions(mirrorId);
  const latest = await findLatest(versions, key, session);
  const target = request.versionId === undefined ? null : await findVersion(versions, key, request.versionId, session);
  const what = resolved(request.decide(latest, sequence, target), target);
  const operation: PendingOperation = {
    _id: operationId,
    mirrorId,
    bucket,
    key,
    sequence,
    acceptedAt,
    acceptedDate,
    what,
  };
  if (what.kind === 'deleteVersion' && target?.pending && (await cancel(session, namespace, operation, target))) {
    return { kind: 'cancelled', operation };
  }
  await namespace.pendingOperations.insertOne(operation, { session });
  await showToClients(session, namespace, operation, target, request.describedAs);
  return { kind: 'accepted', operation };
}

/** Takes part in the state of the mirror: a detach that closes it conflicts with this write. */
async function passGate(session: ClientSession, namespace: Namespace, m: string, key: string): Promise<void> {
  const gate = await namespace.uploadGates
    .findOneAndUpdate(
      { _id: { m, s: shardOf(key) } },
      { $inc: { writes: 1 }, $setOnInsert: { closed: false } },
      { session, upsert: true, returnDocument: 'after' },
    )
    .catch(tryAgainWhereDoubled);
  if (gate?.closed === false) return;
  throw new PermanentError('The bucket is being detached, or was', {
    code: 'MIRROR.CLOSED',
    hint: 'Nothing more is accepted for it.',
    context: { mirrorId: m },
  });
}

interface Sequence {
  readonly next: number;
  readonly at: Timestamp;
  readonly date: Date;
}

/** The key's next sequence, stamped by the database. */
async function nextSequence(session: ClientSession, namespace: Namespace, m: string, k: string): Promise<Sequence> {
  const stamped = { $currentDate: { at: { $type: 'timestamp' as const }, date: true as const } };
  const found = await namespace.keySequences
    .findOneAndUpdate(
      { _id: { m, k } },
      { $inc: { next: 1 }, ...stamped },
      { session, upsert: true, returnDocument: 'after' },
    )
    .catch(tryAgainWhereDoubled);
  if (found === null) throw new Error('an upsert answered no document');
  return found;
}

const DUPLICATE_KEY = 11_000;

/** Two that insert the same document at once: the transaction of the later one is to be tried again. */
function tryAgainWhereDoubled(error: unknown): never {
  if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) {
    error.addErrorLabel('TransientTransactionError');
  }
  throw error;
}

/** An alias is good for clients only: what is stored names the document. */
function resolved(what: OperationWhat, target: VersionDocument | null): OperationWhat {
  if (target === null || what.kind === 'put' || what.kind === 'deleteMarker') return what;
  return { ...what, versionId: target._id.v };
}

/** Ends a pending version without a push. False: its push has begun, and has not failed. */
async function cancel(
  session: ClientSession,
  namespace: Namespace,
  { mirrorId }: PendingOperation,
  target: VersionDocument,
): Promise<boolean> {
  const notBegun = { $or: [{ begun: { $exists: false } }, { failed: { $exists: true } }] };
  const { deletedCount } = await namespace.pendingOperations.deleteOne(
    { _id: target.pending?.operationId ?? '', outcome: { $exists: false }, ...notBegun },
    { session },
  );
  if (deletedCount === 0) return false;
  await namespace.versions(mirrorId).deleteOne({ _id: target._id }, { session });
  return true;
}

async function showToClients(
  session: ClientSession,
  namespace: Namespace,
  operation: PendingOperation,
  target: VersionDocument | null,
  describedAs: StoredDescription | undefined,
): Promise<void> {
  const versions = namespace.versions(operation.mirrorId);
  const { what, key, sequence } = operation;
  const id = { k: key, v: what.versionId };
  switch (what.kind) {
    case 'put':
    case 'deleteMarker':
      await versions.insertOne(pendingVersion(operation), { session });
      return;
    case 'deleteVersion':
      await versions.updateOne({ _id: id }, { $set: { hidden: true } }, { session });
      return;
    case 'tag': {
      const described = target?.description ?? describedAs;
      if (!described) throw undescribed(key);
      const description = { ...described, tags: what.tags };
      const describedAt = target?.describedAt ?? operation.acceptedAt;
      await versions.updateOne({ _id: id }, { $set: { description, describedAt, tagsPending: sequence } }, { session });
    }
  }
}

/** How clients see a put or a delete marker until the connector has it; what `operation` is of another kind has none. */
export function pendingVersion(operation: PendingOperation): VersionDocument {
  const { _id: operationId, what, key, sequence, acceptedAt, acceptedDate } = operation;
  const put = what.kind === 'put' ? what : null;
  return {
    _id: { k: key, v: what.versionId },
    live: true,
    kind: put ? 'version' : 'deleteMarker',
    place: pendingPlace(sequence),
    size: put?.size ?? 0,
    etag: put?.etag ?? '',
    lastModified: acceptedDate,
    storageClass: 'STANDARD',
    listedAt: acceptedAt,
    description: put?.description ?? null,
    describedAt: put ? acceptedAt : null,
    pending: { operationId, sequence, content: put?.content ?? null },
  };
}

const undescribed = (key: string): PermanentError =>
  new PermanentError('The version has not been described yet', {
    code: 'VERSION.UNDESCRIBED',
    hint: 'Ask the connector for it, and accept the change with what it says.',
    context: { key },
  });
