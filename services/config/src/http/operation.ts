import { applyDecorators, Delete, Get, HttpCode, Patch, Post, SetMetadata } from '@nestjs/common';
import type { z } from 'zod';
import type { Role } from '../access/role.js';
import type { ProblemCode } from './problem-codes.js';

/** One call of the public API: what the role guard asks, and what the OpenAPI document says beside the parsed schemas. */
export interface OperationOptions {
  readonly id: string;
  readonly summary: string;
  /** The least role that may call it. */
  readonly role: Role;
  readonly tag: 'Locations' | 'Buckets' | 'Failures' | 'Access';
  /** Of success; 200 when none is given. */
  readonly status?: number;
  /** Another status of success, and when it is answered instead. */
  readonly alsoStatus?: { readonly status: number; readonly when: string };
  /** Undefined: an empty body. */
  readonly answer?: z.ZodType;
  /** Beside those of every call (token, role, parsing). */
  readonly problems?: readonly ProblemCode[];
  readonly examples?: { readonly body?: unknown; readonly answer?: unknown };
}

export const OPERATION = Symbol('OPERATION');

const methods = { GET: Get, POST: Post, PATCH: Patch, DELETE: Delete } as const;

/** Routes a handler and describes it, in one place: a route without its description cannot be made by it. */
export function Operation(method: keyof typeof methods, path: string, options: OperationOptions): MethodDecorator {
  return applyDecorators(
    methods[method](path),
    HttpCode(options.status ?? 200),
    SetMetadata<symbol, OperationOptions>(OPERATION, options),
  );
}
