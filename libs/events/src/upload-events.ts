import { z } from 'zod';
import { logicalTime } from './fields.js';

/**
 * The bytes of an upload in staging. `single`: one part (of 0 bytes, too), pushed as one PutObject; `multipart`: pushed part
 * by part, in this order and these sizes, so that the ETag stays.
 */
export const stagedContent = z.strictObject({
  form: z.enum(['single', 'multipart']),
  parts: z
    .array(
      z.strictObject({
        stagedId: z.string().min(1),
        size: z.number().int().nonnegative(),
        md5: z.string().regex(/^[0-9a-f]{32}$/),
      }),
    )
    .min(1)
    .max(10_000),
});
export type StagedContent = z.infer<typeof stagedContent>;

/** What every operation that a client was answered for carries. Sequences of a key ascend in the order of acceptance. */
const operation = {
  mirrorId: z.string().min(1),
  bucket: z.string().min(1),
  key: z.string(),
  sequence: z.number().int().positive().describe('Of the key: operations are pushed in this order'),
  operationId: z.string().min(1),
};
const accepted = { ...operation, acceptedAt: logicalTime.describe('Logical time of the acceptance') };

/** A client's object was accepted. `versionId` is the one that the client was given; the connector gives another. */
export const objectUploaded = z.strictObject({
  ...accepted,
  versionId: z.string().min(1),
  size: z.number().int().nonnegative(),
  etag: z.string().min(1).describe('Without quotes'),
  contentType: z.string().nullable(),
  headers: z.record(z.string(), z.string()).describe('Content headers, names in lower case'),
  metadata: z.record(z.string(), z.string()),
  tags: z.record(z.string(), z.string()),
  content: stagedContent,
});
export type ObjectUploaded = z.infer<typeof objectUploaded>;

/** A client's delete was accepted: of the latest version (a delete marker was made), or of one version. */
export const objectDeleted = z.strictObject({
  ...accepted,
  deletes: z.enum(['latest', 'version']),
  versionId: z.string().min(1).describe('Of the marker that was made, or of the version that is deleted'),
  target: z.enum(['version', 'deleteMarker']).optional().describe('What is deleted, where a version is'),
  etag: z.string().nullable().optional().describe('Of the deleted version: one without an id is checked by it'),
  lastModified: z.iso.datetime().optional().describe('Of the deleted version, likewise'),
});
export type ObjectDeleted = z.infer<typeof objectDeleted>;

/** A client's change of tags was accepted; no tags: they are removed. */
export const objectTagged = z.strictObject({
  ...accepted,
  versionId: z.string().min(1),
  tags: z.record(z.string(), z.string()),
});
export type ObjectTagged = z.infer<typeof objectTagged>;

export const operationKind = z.enum(['put', 'deleteMarker', 'deleteVersion', 'tag']);
export type OperationKind = z.infer<typeof operationKind>;

/** An operation ended, at the connector or by an operator's discard. Said again until it is recorded. */
export const replicationCompleted = z.strictObject({
  ...operation,
  kind: operationKind,
  clientVersionId: z.string().min(1).describe('The version id as the client knows it'),
  versionId: z
    .string()
    .min(1)
    .nullable()
    .describe('The connector’s version id; null: nothing is there of it, or nothing is known'),
  lastModified: z.iso.datetime().optional().describe('Where the connector said it; a listing says it for certain'),
  outcome: z.enum(['done', 'discarded']),
});
export type ReplicationCompleted = z.infer<typeof replicationCompleted>;

/** An operation failed for good; it holds its key until an operator retries or discards it. */
export const replicationFailed = z.strictObject({
  ...operation,
  kind: operationKind,
  code: z.string().min(1),
  detail: z.string(),
  hint: z.string(),
});
export type ReplicationFailed = z.infer<typeof replicationFailed>;
