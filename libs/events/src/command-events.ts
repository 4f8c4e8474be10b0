import { z } from 'zod';
import { bucketName, revision } from './fields.js';

/** What every command carries: at or below the mirror's last done revision it is ignored (rule R2). */
const command = {
  commandId: z.string().min(1),
  revision,
  mirrorId: z.string().min(1),
  bucket: bucketName,
};

/** One pass is to compare everything, whatever was confirmed. */
export const verifyRequested = z.strictObject(command);

/** The operator accepts the removals that the ledger held up to and with this state. */
export const removalsAccepted = z.strictObject({ ...command, ledger: z.number().int().nonnegative() });

/** Which of a mirror's failures a command means; null: all that there are when it is carried out. */
const failures = {
  ...command,
  kind: z
    .enum(['event', 'push'])
    .describe('event: a dead letter, which could not be applied; push: an operation that failed at the connector'),
  failureIds: z.array(z.string().min(1)).nullable(),
};

/** Failures are to be tried again; what fails again stays a failure. */
export const retryRequested = z.strictObject(failures);

/** Failures are to be given up. */
export const discardRequested = z.strictObject(failures);

export type VerifyRequested = z.infer<typeof verifyRequested>;
export type RemovalsAccepted = z.infer<typeof removalsAccepted>;
export type RetryRequested = z.infer<typeof retryRequested>;
export type DiscardRequested = z.infer<typeof discardRequested>;
