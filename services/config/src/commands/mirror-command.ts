import { z } from 'zod';
import { bucketName } from '../locations/location.js';

export const acceptRemovals = z
  .strictObject({
    ledger: z
      .number()
      .int()
      .nonnegative()
      .describe(
        'removals.ledger of the status: what is missing up to that state is accepted, and nothing that came later',
      ),
  })
  .meta({ id: 'AcceptedRemovals' });
export type AcceptRemovals = z.infer<typeof acceptRemovals>;

/** A command was stored and will be carried out, also when the service that does it is away now. */
export const commandAnswer = z
  .strictObject({
    commandId: z.string().describe('Carried by the event on zenko.commands.v1'),
    revision: z.string().describe('Logical time of the command: later ones of the bucket have a higher one'),
    bucket: bucketName,
    mirrorId: z.string(),
  })
  .meta({ id: 'AcceptedCommand' });
export type CommandAnswer = z.infer<typeof commandAnswer>;
