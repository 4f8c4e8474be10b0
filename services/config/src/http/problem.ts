import { STATUS_CODES } from 'node:http';
import { PermanentError } from '@mirror/runtime';
import { z } from 'zod';
import { type ProblemCode, statusOf } from './problem-codes.js';

/** One prerequisite of a location, as it was last tried. */
export const checkSchema = z
  .strictObject({
    name: z.string().describe('Which prerequisite'),
    ok: z.boolean().nullable().describe('null: not tried, because an earlier one failed'),
    code: z.string().nullable().describe("Stable, for programs: 'S3.NO_SUCH_BUCKET'; null unless it failed"),
    detail: z.string().describe('What was found'),
    hint: z.string().describe('How to mend it; empty where it is well'),
  })
  .meta({ id: 'Check', description: 'One prerequisite, as it was last tried' });
export type Check = z.infer<typeof checkSchema>;

/** Problem details of RFC 9457. `type` stays about:blank: `code` tells the kinds apart. */
export const problemSchema = z
  .strictObject({
    type: z.literal('about:blank'),
    title: z.string().describe("The status in words, 'Conflict'"),
    status: z.number().int(),
    code: z.string().describe("Stable, for programs: 'LOCATION.IN_USE'"),
    detail: z.string().describe('What is wrong with this request; names the field'),
    hint: z.string().describe('How to mend it'),
    errors: z
      .array(z.strictObject({ field: z.string(), detail: z.string(), hint: z.string() }))
      .optional()
      .describe('Every field that is wrong'),
    checks: z.array(checkSchema).optional().describe('Every failed prerequisite of the location'),
  })
  .meta({ id: 'Problem', description: 'Problem details, RFC 9457' });
export type Problem = z.infer<typeof problemSchema>;

type Extras = Pick<Problem, 'errors' | 'checks'>;

/** A call that is refused for good, with a code of the catalogue. The filter makes an answer of it. */
export class Refusal extends PermanentError {
  constructor(
    readonly problemCode: ProblemCode,
    detail: string,
    hint: string,
    readonly extras: Extras = {},
  ) {
    super(detail, { code: problemCode, hint });
  }
}

export function problem(code: ProblemCode, detail: string, hint: string, extras: Extras = {}): Problem {
  const status = statusOf(code);
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, code, detail, hint, ...extras };
}
