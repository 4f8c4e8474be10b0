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

export type VerifyRequested = z.infer<typeof verifyRequested>;
export type RemovalsAccepted = z.infer<typeof removalsAccepted>;
