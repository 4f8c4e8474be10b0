import { timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable, UnauthorizedException } from '@nestjs/common';

export const SERVICE_TOKEN = Symbol('SERVICE_TOKEN');

/** Guards the internal API between services: `authorization: Bearer <SERVICE_TOKEN>`, compared in constant time. */
@Injectable()
export class ServiceTokenGuard implements CanActivate {
  constructor(@Inject(SERVICE_TOKEN) private readonly token: string) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: { authorization?: string } }>();
    if (isSame(request.headers.authorization ?? '', `Bearer ${this.token}`)) return true;
    throw new UnauthorizedException('The internal API needs the service token.');
  }
}

function isSame(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
