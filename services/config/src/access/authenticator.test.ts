import { describe, expect, it } from 'vitest';
import { Authenticator, areaOf } from './authenticator.js';
import { allows, roles } from './role.js';
import type { TokenStore } from './token-store.js';

const tokens = { roleOf: async (token: string) => (token === 'stored' ? 'viewer' : undefined) } as TokenStore;
const options = { serviceToken: 'the service token', bootstrapAdminToken: 'bootstrap' };
const authenticator = new Authenticator({ ...options, serviceToken: 'service' }, tokens);
const code = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.catch((error: unknown) => (error as { code?: string }).code);

describe('a bearer token', () => {
  it.each([
    ['public', 'Bearer bootstrap', 'admin'],
    ['public', 'bearer stored', 'viewer'],
    ['public', 'Bearer service', 'AUTH.TOKEN_UNKNOWN'],
    ['public', 'Bearer bootstra', 'AUTH.TOKEN_UNKNOWN'],
    ['public', 'Bearer bootstrap2', 'AUTH.TOKEN_UNKNOWN'],
    ['public', 'Basic bootstrap', 'AUTH.TOKEN_MISSING'],
    ['public', 'Bearer ', 'AUTH.TOKEN_MISSING'],
    ['public', undefined, 'AUTH.TOKEN_MISSING'],
    ['internal', 'Bearer service', undefined],
    ['internal', 'Bearer bootstrap', 'AUTH.TOKEN_UNKNOWN'],
    ['internal', 'Bearer stored', 'AUTH.TOKEN_UNKNOWN'],
    ['internal', undefined, 'AUTH.TOKEN_MISSING'],
    ['open', undefined, undefined],
  ] as const)('in the %s area: %s is %s', async (area, header, expected) => {
    expect(await code(authenticator.authenticate(area, header))).toBe(expected);
  });

  it('is no admin when there is no bootstrap token', async () => {
    const without = new Authenticator({ ...options, bootstrapAdminToken: undefined }, tokens);
    expect(await code(without.authenticate('public', 'Bearer undefined'))).toBe('AUTH.TOKEN_UNKNOWN');
  });
});

describe('areas and roles', () => {
  it.each([
    ['/livez', 'open'],
    ['/openapi.json', 'open'],
    ['/internal/v1/access-keys/:id', 'internal'],
    ['/v1/locations', 'public'],
    ['/livez/more', 'public'],
    [undefined, 'public'],
  ] as const)('%s is %s', (route, area) => {
    expect(areaOf(route)).toBe(area);
  });

  it('each role may what those below it may', () => {
    const table = roles.map((held) => roles.map((needed) => allows(held, needed)));
    expect(table).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ]);
  });
});
