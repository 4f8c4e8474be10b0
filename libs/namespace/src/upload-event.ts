import type { CloudEvent, ObjectDeleted, ObjectTagged, ObjectUploaded } from '@mirror/events';
import { fromTimestamp, toTimestamp } from './logical-clock.js';
import type { OperationWhat, PendingOperation } from './pending-operation.js';
import type { NamedValues, StoredDescription } from './version-document.js';

/** The event of an accepted operation, for the outbox, in the transaction that accepts it. */
export function uploadEvent(operation: PendingOperation, source: string): CloudEvent {
  const { bucket, key, acceptedDate } = operation;
  return {
    id: operation._id,
    source,
    subject: `${bucket}/${key}`,
    time: acceptedDate.toISOString(),
    ...typeAndData(operation),
  };
}

type TypeAndData = Pick<CloudEvent<'ObjectUploaded' | 'ObjectDeleted' | 'ObjectTagged'>, 'type' | 'data'>;

function typeAndData({ _id: operationId, what, ...operation }: PendingOperation): TypeAndData {
  const { mirrorId, bucket, key, sequence } = operation;
  const acceptedAt = fromTimestamp(operation.acceptedAt);
  const common = { mirrorId, bucket, key, sequence, operationId, versionId: what.versionId, acceptedAt };
  switch (what.kind) {
    case 'put': {
      const { size, etag, content, description } = what;
      const { contentType } = description;
      const [headers, metadata, tags] = [description.headers, description.metadata, description.tags].map(toRecord);
      const data = { ...common, size, etag, contentType, headers, metadata, tags, content } as ObjectUploaded;
      return { type: 'ObjectUploaded', data };
    }
    case 'deleteMarker': {
      const data: ObjectDeleted = { ...common, deletes: 'latest' };
      return { type: 'ObjectDeleted', data };
    }
    case 'deleteVersion': {
      const { target, etag, lastModified } = what;
      const facts = { target, etag, lastModified: lastModified.toISOString() };
      const data: ObjectDeleted = { ...common, deletes: 'version', ...facts };
      return { type: 'ObjectDeleted', data };
    }
    case 'tag': {
      const data: ObjectTagged = { ...common, tags: toRecord(what.tags) };
      return { type: 'ObjectTagged', data };
    }
  }
}

const toRecord = (pairs: NamedValues): Record<string, string> => Object.fromEntries(pairs);

/** What {@link uploadEvent} said; undefined: it is an event of another kind. */
export function operationOf({ id, type, time, data }: CloudEvent): PendingOperation | undefined {
  const what = whatOf(type, data);
  if (what === undefined) return undefined;
  const { mirrorId, bucket, key, sequence, acceptedAt } = data as ObjectUploaded | ObjectDeleted | ObjectTagged;
  const accepted = { acceptedAt: toTimestamp(acceptedAt), acceptedDate: new Date(time) };
  return { _id: id, mirrorId, bucket, key, sequence, ...accepted, what };
}

function whatOf(type: CloudEvent['type'], data: CloudEvent['data']): OperationWhat | undefined {
  if (type === 'ObjectUploaded') {
    const { versionId, size, etag, content, contentType, ...said } = data as ObjectUploaded;
    const [headers, metadata, tags] = [said.headers, said.metadata, said.tags].map(toPairs);
    const description = { contentType, headers, metadata, tags } as StoredDescription;
    return { kind: 'put', versionId, size, etag, content, description };
  }
  if (type === 'ObjectTagged') {
    const { versionId, tags } = data as ObjectTagged;
    return { kind: 'tag', versionId, tags: toPairs(tags) };
  }
  if (type !== 'ObjectDeleted') return undefined;
  const { versionId, deletes, target = 'version', etag = null, lastModified } = data as ObjectDeleted;
  if (deletes === 'latest') return { kind: 'deleteMarker', versionId };
  return { kind: 'deleteVersion', versionId, target, etag, lastModified: new Date(lastModified ?? 0) };
}

const toPairs = (record: Readonly<Record<string, string>>): NamedValues => Object.entries(record);
