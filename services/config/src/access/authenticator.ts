import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../http/problem.js';
import type { Role } from './role.js';
import type { TokenStore } from './token-store.js';

export interface AuthenticatorOptions {
  /** Bearer token of the internal API; opens nothing else. */
  readonly serviceToken: string;
  /** A token of role admin that is not stored; undefined: there is none. */
  readonly bootstrapAdminToken: string | undefined;
}

/** Who calls: `open` paths ask for no token, `internal` ones for the service token, all others for an API token. */
export type Area = 'open' | 'internal' | 'public';

const OPEN = new Set(['/livez', '/readyz', '/metrics', '/openapi.json']);

/** @param route The pattern that the router matched, which no encoding of the URL can disguise; undefined: none. */
export function areaOf(route: string | undefined): Area {
  if (route === undefined) return 'public'; // a 404 also needs a token
  if (OPEN.has(route)) return 'open';
  return route.startsWith('/internal/') ? 'internal' : 'public';
}

/** Tells the role of a bearer token. */
export class Authenticator {
  constructor(
    private readonly options: AuthenticatorOptions,
    private readonly tokens: TokenStore,
  ) {}

  /** Undefined in an area that knows no roles. Refusal AUTH.TOKEN_MISSING or AUTH.TOKEN_UNKNOWN. */
  async authenticate(area: Area, authorization: string | undefined): Promise<Role | undefined> {
    if (area === 'open') return undefined;
    const token = bearerToken(authorization);
    if (token === undefined) {
      throw new Refusal(
        'AUTH.TOKEN_MISSING',
        'There is no bearer token.',
        'Send the header authorization: Bearer TOKEN.',
      );
    }
    if (area === 'internal') {
      if (isSame(token, this.options.serviceToken)) return undefined;
      throw unknownToken();
    }
    const { bootstrapAdminToken } = this.options;
    if (bootstrapAdminToken !== undefined && isSame(token, bootstrapAdminToken)) return 'admin';
    const role = await this.tokens.roleOf(token);
    if (role === undefined) throw unknownToken();
    return role;
  }
}

function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}

/** In constant time: hashing first makes the lengths equal. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const unknownToken = (): Refusal =>
  new Refusal('AUTH.TOKEN_UNKNOWN', 'The bearer token is not valid, or no longer.', 'Ask an admin for a token.');
