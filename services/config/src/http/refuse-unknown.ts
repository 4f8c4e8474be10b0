import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { handlerSchemas } from './handler-schemas.js';
import { OPERATION } from './operation.js';
import { parseInput } from './parse-request.js';

const nothing = z.strictObject({});

/** A call that takes no body or no query refuses both: a misspelt parameter must not pass in silence. */
@Injectable()
export class RefuseUnknown implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): ReturnType<CallHandler['handle']> {
    if (this.reflector.get(OPERATION, context.getHandler()) === undefined) return next.handle();
    const { body, query } = context.switchToHttp().getRequest<FastifyRequest>();
    const schemas = handlerSchemas(context.getClass(), context.getHandler().name);
    if (!schemas.query) parseInput(nothing, query ?? {}, 'the query');
    if (!schemas.body) parseInput(nothing, body ?? {}, 'the body');
    return next.handle();
  }
}
