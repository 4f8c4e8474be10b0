import type { CloudEvent, ObjectDeleted, ObjectTagged, ObjectUploaded } from '@mirror/events';
import { fromTimestamp } from './logical-clock.js';
import type { PendingOperation } from './pending-operation.js';
import type { NamedValues } from './version-document.js';

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
