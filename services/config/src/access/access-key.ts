import { z } from 'zod';
import { bucketName } from '../locations/location.js';

const accessRole = z.enum(['reader', 'writer']).describe('The role of an access key is reader or writer');

const buckets = z
  .union([z.literal('*'), z.array(bucketName).min(1).max(100)])
  .describe('The buckets are "*" for all, later ones too, or a list of 1 to 100 bucket names');

export const createAccessKey = z
  .strictObject({
    role: accessRole,
    buckets,
    description: z.string().max(200).default('').describe('What it is for, in up to 200 characters'),
  })
  .meta({ id: 'NewAccessKey' });
export type CreateAccessKey = z.infer<typeof createAccessKey>;

export const accessKeyAnswer = z
  .strictObject({
    id: z.string().describe('The access key id of S3'),
    role: accessRole,
    buckets,
    description: z.string(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'AccessKey' });
export type AccessKeyAnswer = z.infer<typeof accessKeyAnswer>;

export const newAccessKeyAnswer = accessKeyAnswer.extend({
  secretAccessKey: z.string().describe('Shown this once'),
});

export const accessKeyParams = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Z0-9]{1,128}$/)
    .describe('The id of an access key'),
});
