import { z } from 'zod';
import { pageOf, pageQuery } from '../http/page.js';
import { bucketName } from '../locations/location.js';

/** Topic, partition and offset of the message that failed, `zenko.object-changes.v1:3:1207`; or `push:` and the operation's id. */
const failureId = z
  .string()
  .regex(/^[\w.:-]{1,300}$/)
  .describe('The id of a failure, as GET /v1/failures gives it');

export const failureParams = z.strictObject({ id: failureId });

export const failuresQuery = z.strictObject({
  ...pageQuery.shape,
  after: failureId.optional().describe('Where to go on: `next` of the page before'),
  bucket: bucketName.optional().describe('Only those of this bucket'),
  kind: z
    .enum(['event', 'push'])
    .optional()
    .describe('event: what could not be applied to the mirror; push: what could not be brought to the connector'),
});
export type FailuresQuery = z.infer<typeof failuresQuery>;

export const retryAllQuery = z.strictObject({ bucket: bucketName.describe('All failures of this bucket') });

const shape = {
  id: failureId,
  bucket: bucketName,
  mirrorId: z.string(),
  key: z.string().nullable().describe('null: the message does not tell'),
  versionId: z.string().nullable(),
  code: z.string().describe("Stable, for programs: 'CHANGE.TOO_OLD'"),
  reason: z.string().describe('Why it could not be applied, when it was tried last'),
  at: z.iso.datetime().describe('When it failed first'),
  retries: z.number().int().nonnegative().describe('How often it was tried again'),
  lastTriedAt: z.iso.datetime().nullable(),
  event: z
    .object({ id: z.string(), type: z.string(), time: z.string(), data: z.unknown() })
    .nullable()
    .describe('The event as it came; null: the message is no event that can be read, and can only be discarded'),
};

/** What the metadata service says of a dead letter. */
export const deadLetter = z.object(shape);
export type DeadLetter = z.infer<typeof deadLetter>;

export const deadLetterPage = z.object({ items: z.array(deadLetter), next: z.string().nullable() });
export type DeadLetterPage = z.infer<typeof deadLetterPage>;

/** What the replication service says of an operation that failed. */
export const pushFailure = z.object({
  id: z.string(),
  bucket: bucketName,
  mirrorId: z.string(),
  key: z.string(),
  versionId: z.string(),
  operation: z.enum(['put', 'deleteMarker', 'deleteVersion', 'tag']),
  acceptedAt: z.iso.datetime(),
  code: z.string(),
  reason: z.string(),
  hint: z.string(),
  at: z.iso.datetime(),
  retries: z.number().int().nonnegative(),
  waitingBehind: z.number().int().nonnegative(),
});
export type PushFailure = z.infer<typeof pushFailure>;

export const pushFailurePage = z.object({ items: z.array(pushFailure), next: z.string().nullable() });
export type PushFailurePage = z.infer<typeof pushFailurePage>;

const ofPush = {
  operation: pushFailure.shape.operation.nullable().describe('What a client asked for; null: kind event'),
  acceptedAt: z.iso.datetime().nullable().describe('When a client asked for it; null: kind event'),
  hint: z.string().nullable().describe('How to mend it; null: kind event'),
  waitingBehind: z
    .number()
    .int()
    .nonnegative()
    .nullable()
    .describe('Operations of the same key that wait for this one; null: kind event'),
};

export const failureAnswer = z
  .strictObject({
    kind: z
      .enum(['event', 'push'])
      .describe('event: could not be applied to the mirror; push: could not be brought to the connector'),
    ...shape,
    event: z
      .strictObject(shape.event.unwrap().shape)
      .nullable()
      .describe(shape.event.description ?? ''),
    ...ofPush,
  })
  .meta({ id: 'Failure' });
export type FailureAnswer = z.infer<typeof failureAnswer>;

export const failuresPage = pageOf(failureAnswer);
