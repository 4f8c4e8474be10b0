import { z } from 'zod';
import { bucketName, locationName, revision } from './fields.js';

/** The whole current state of a mirrored bucket. `mirrorId` is minted once a life (rule R2). */
export const mirrorState = z.strictObject({
  bucket: bucketName,
  mirrorId: z.string().min(1),
  revision,
  location: locationName,
  paused: z.boolean(),
  resumeAt: z.iso.datetime().nullable().describe('When a pause ends by itself; null: when somebody resumes it'),
  createdAt: z.iso.datetime(),
});
export type MirrorState = z.infer<typeof mirrorState>;
