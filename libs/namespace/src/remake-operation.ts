import type { ClientSession } from 'mongodb';
import { pendingVersion } from './accept-operation.js';
import { findAnyVersion } from './find-version.js';
import type { Namespace } from './namespace.js';
import type { PendingOperation } from './pending-operation.js';

/**
 * Accepts an operation again that a restored database has lost, from its event. Inside a transaction, in the order of its
 * key. False: it is known, or was recorded before: the last sequence of its key is not lower, and nothing shows that another
 * one has taken its place. Where a client was faster after the restore, it comes after that one's.
 */
export async function remakeOperation(
  session: ClientSession,
  namespace: Namespace,
  lost: PendingOperation,
): Promise<boolean> {
  const { mirrorId: m, key: k, what } = lost;
  const id = { m, k };
  const last = (await namespace.keySequences.findOne({ _id: id }, { session }))?.next ?? 0;
  const makes = what.kind === 'put' || what.kind === 'deleteMarker';
  // A marker leaves nothing where the key lists nothing: one that is unknown need not be lost.
  if (lost.sequence <= last && what.kind !== 'put') return false;
  if (await isKnown(session, namespace, lost, makes)) return false;
  const sequence = Math.max(last + 1, lost.sequence);
  const operation = { ...lost, sequence };
  const stamps = { next: sequence, at: lost.acceptedAt, date: lost.acceptedDate };
  await namespace.keySequences.updateOne({ _id: id }, { $set: stamps }, { session, upsert: true });
  await namespace.pendingOperations.insertOne(operation, { session });
  await show(session, namespace, operation);
  return true;
}

async function isKnown(
  session: ClientSession,
  namespace: Namespace,
  { _id, mirrorId, key, what }: PendingOperation,
  makes: boolean,
): Promise<boolean> {
  if (await namespace.pendingOperations.findOne({ _id }, { session, projection: { _id: 1 } })) return true;
  return makes && (await findAnyVersion(namespace.versions(mirrorId), key, what.versionId, { session })) !== null;
}

async function show(session: ClientSession, namespace: Namespace, operation: PendingOperation): Promise<void> {
  const { what, key, mirrorId, sequence } = operation;
  const versions = namespace.versions(mirrorId);
  if (what.kind === 'put' || what.kind === 'deleteMarker') {
    await versions.insertOne(pendingVersion(operation), { session });
    return;
  }
  const target = await findAnyVersion(versions, key, what.versionId, { session });
  if (!target?.live) return; // the push finds that it is gone
  if (what.kind === 'deleteVersion') {
    await versions.updateOne({ _id: target._id }, { $set: { hidden: true } }, { session });
  } else if (target.description) {
    const description = { ...target.description, tags: what.tags };
    await versions.updateOne({ _id: target._id }, { $set: { description, tagsPending: sequence } }, { session });
  }
}
