import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import type { Problem } from './problem.js';
import { Refusal } from './problem.js';

type Fault = NonNullable<Problem['errors']>[number];

/**
 * Parses what a handler's parameter declares by `@Body({ schema })`, `@Query({ schema })`, `@Param({ schema })`. The OpenAPI
 * document is made of the same declarations. Parameters without a schema pass as they are.
 */
@Injectable()
export class ParseRequest implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const { schema } = metadata;
    if (!(schema instanceof z.ZodType)) return value;
    return parseInput(schema, value, metadata.type === 'body' ? 'the body' : 'the query');
  }
}

/** Refusal REQUEST.UNKNOWN_FIELD or REQUEST.INVALID_FIELD with every fault. Values are never repeated: one may be a secret. */
export function parseInput<T>(schema: z.ZodType<T>, value: unknown, whole: string): T {
  const result = schema.safeParse(value ?? undefined);
  if (result.success) return result.data;
  const faults = result.error.issues.flatMap((issue) => describe(issue, schema, whole));
  const unknown = result.error.issues.every((issue) => issue.code === 'unrecognized_keys');
  const code = unknown ? 'REQUEST.UNKNOWN_FIELD' : 'REQUEST.INVALID_FIELD';
  const detail = faults.map((fault) => `${fault.field}: ${fault.detail}`).join('; ');
  const hint = [...new Set(faults.map((fault) => fault.hint))].join(' ');
  throw new Refusal(code, detail, hint, { errors: faults });
}

function describe(issue: z.core.$ZodIssue, schema: z.ZodType, whole: string): Fault[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const known = knownFields(schemaAt(schema, path));
    const hint = known.length > 0 ? `Known here: ${known.join(', ')}.` : 'Nothing is known here.';
    return issue.keys.map((key) => ({ field: [...path, key].join('.'), detail: 'is not known', hint }));
  }
  const description = describedAt(schema, path);
  const hint = description === undefined ? 'The API description at /openapi.json shows each call.' : `${description}.`;
  return [{ field: path.join('.') || whole, detail: words(issue), hint }];
}

function words(issue: z.core.$ZodIssue): string {
  if (issue.message.endsWith('received undefined')) return 'is missing';
  if (issue.code === 'invalid_format') return 'does not have the right form';
  return issue.message;
}

/** The description of the deepest field on the path that has one. */
function describedAt(schema: z.ZodType, path: readonly string[]): string | undefined {
  for (let length = path.length; length > 0; length--) {
    const description = schemaAt(schema, path.slice(0, length))?.description;
    if (description !== undefined) return description;
  }
  return undefined;
}

function schemaAt(schema: z.ZodType, path: readonly string[]): z.ZodType | undefined {
  let at: z.ZodType | undefined = schema;
  for (const step of path) {
    const inner: unknown = at && unwrap(at);
    if (inner instanceof z.ZodObject) at = inner.shape[step] as z.ZodType | undefined;
    else if (!(inner instanceof z.ZodArray || inner instanceof z.ZodUnion)) return undefined;
    else at = inner instanceof z.ZodArray ? (inner.element as z.ZodType) : at;
  }
  return at;
}

function unwrap(schema: z.ZodType): z.ZodType {
  let at = schema;
  while (at instanceof z.ZodOptional || at instanceof z.ZodDefault || at instanceof z.ZodNullable) {
    at = at.unwrap() as z.ZodType;
  }
  return at;
}

function knownFields(schema: z.ZodType | undefined): string[] {
  const inner = schema && unwrap(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}
