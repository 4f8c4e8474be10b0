import { z } from 'zod';
import { bucketName, locationName } from '../locations/location.js';
import type { BucketRecord } from './bucket-store.js';

const CONSTRAINT_PATTERN = /^([A-Za-z0-9-]{1,64})(:ingest)?$/;

export const locationConstraint = z
  .string()
  .regex(CONSTRAINT_PATTERN)
  .describe('The location constraint of a mirrored bucket is NAME:ingest, where NAME is a location');

export const createBucket = z.strictObject({ name: bucketName, locationConstraint }).meta({ id: 'NewBucket' });
export type CreateBucket = z.infer<typeof createBucket>;

export const bucketParams = z.strictObject({ name: bucketName });

export const detachQuery = z.strictObject({
  abandonUploads: z
    .enum(['true', 'false'])
    .default('false')
    .describe('true also gives up uploads that are not yet at the connector'),
});

export const pauseBucket = z
  .strictObject({
    resumeAt: z.iso
      .datetime({ offset: true })
      .optional()
      .describe(
        'When the mirror goes on by itself, in ISO 8601 with a zone, 2030-01-31T06:00:00Z; without it, when somebody resumes it',
      ),
  })
  .default({})
  .meta({ id: 'Pause' });
export type PauseBucket = z.infer<typeof pauseBucket>;

export const bucketAnswer = z
  .strictObject({
    name: bucketName,
    locationConstraint,
    location: locationName,
    mirrorId: z.string().describe('Minted when the bucket was made: another bucket of this name later has another one'),
    paused: z.boolean(),
    resumeAt: z.iso.datetime().nullable().describe('When a pause ends by itself; null: when somebody resumes it'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Bucket' });
export type BucketAnswer = z.infer<typeof bucketAnswer>;

export interface ParsedConstraint {
  readonly location: string;
  /** Whether Mirror mode was asked for. */
  readonly ingest: boolean;
}

/** @param constraint As `locationConstraint` has checked it. */
export function parseConstraint(constraint: string): ParsedConstraint {
  const [, location = '', suffix] = CONSTRAINT_PATTERN.exec(constraint) ?? [];
  return { location, ingest: suffix !== undefined };
}

export const constraintOf = (location: string): string => `${location}:ingest`;

/** A bucket as every answer shows it. */
export const bucketAnswerOf = (record: BucketRecord): BucketAnswer => ({
  name: record._id,
  locationConstraint: constraintOf(record.location),
  location: record.location,
  mirrorId: record.mirrorId,
  paused: record.paused,
  resumeAt: record.resumeAt?.toISOString() ?? null,
  createdAt: record.createdAt.toISOString(),
});
