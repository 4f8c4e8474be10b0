import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { OPERATION, type OperationOptions } from '../http/operation.js';
import { Refusal } from '../http/problem.js';
import { areaOf } from './authenticator.js';
import { allows, type Role } from './role.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the bearer token; undefined where no role is asked for. */
    role: Role | undefined;
  }
}

/** Compares the token's role with the one the operation needs. A public route without a declared operation stays shut. */
@Injectable()
export class RoleGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (areaOf(request.routeOptions.url) !== 'public') return true;
    const operation = this.reflector.get<OperationOptions | undefined>(OPERATION, context.getHandler());
    const needed = operation?.role ?? 'admin';
    if (request.role !== undefined && allows(request.role, needed)) return true;
    throw new Refusal(
      'AUTH.FORBIDDEN',
      `The token's role is ${request.role ?? 'none'}; this call needs ${needed}.`,
      `Use a token of role ${needed}; an admin makes one by POST /v1/tokens.`,
    );
  }
}
