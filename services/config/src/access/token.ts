import { z } from 'zod';
import { role } from './role.js';

const description = z.string().max(200).describe('What it is for, in up to 200 characters');

export const createToken = z
  .strictObject({
    role: role.describe('A role is admin, operator or viewer'),
    description: description.default(''),
  })
  .meta({ id: 'NewToken' });
export type CreateToken = z.infer<typeof createToken>;

export const tokenAnswer = z
  .strictObject({
    id: z.string(),
    role,
    description,
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Token' });
export type TokenAnswer = z.infer<typeof tokenAnswer>;

/** Only this answer has the token itself: no more than its hash is kept. */
export const newTokenAnswer = tokenAnswer.extend({ token: z.string().describe('Shown this once') });

export const tokenParams = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9]{1,64}$/)
    .describe('The id of a token'),
});
