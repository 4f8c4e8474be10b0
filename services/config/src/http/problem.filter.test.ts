import { createLogger, METRICS } from '@mirror/runtime';
import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MongoServerSelectionError } from 'mongodb';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../access/authenticator.js';
import type { TokenStore } from '../access/token-store.js';
import { createApplication } from './application.js';
import { problemSchema, Refusal } from './problem.js';

const TOPOLOGY = {} as ConstructorParameters<typeof MongoServerSelectionError>[1];
const SECRET = 'a-secret-in-an-error';

@Controller('v1/things')
class ThingsController {
  @Get()
  refuse(): never {
    throw new Refusal('LOCATION.IN_USE', 'It is used.', 'Detach it.');
  }
  @Get('without-database')
  wait(): never {
    throw new MongoServerSelectionError(`${SECRET} timed out`, TOPOLOGY);
  }
  @Get('broken')
  fail(): never {
    throw new Error(`No route to mongodb://root:${SECRET}@db`);
  }
  @Post()
  echo(@Body() body: unknown): unknown {
    return { body: body ?? null };
  }
}

@Module({})
class ThingsModule {}

const lines: string[] = [];
const tokens = { roleOf: async () => 'admin' } as unknown as TokenStore;
const authorization = 'Bearer some-token';
let app: NestFastifyApplication;

beforeAll(async () => {
  const options = { serviceToken: 'service', bootstrapAdminToken: undefined };
  const module = {
    module: ThingsModule,
    controllers: [ThingsController],
    providers: [
      { provide: Authenticator, useValue: new Authenticator(options, tokens) },
      { provide: METRICS, useValue: new Registry() },
    ],
  };
  const logger = createLogger('test', 'info', { write: (line) => void lines.push(line) });
  ({ app } = await createApplication(module, logger));
  await app.init();
});
afterAll(() => app.close());

const json = { 'content-type': 'application/json', authorization };
const calls = {
  'a refusal': [{ method: 'GET', url: '/v1/things', headers: { authorization } }, 409, 'LOCATION.IN_USE'],
  'malformed JSON': [{ method: 'POST', url: '/v1/things', headers: json, payload: '{"a":' }, 400, 'REQUEST.MALFORMED'],
  'a prototype in JSON': [
    { method: 'POST', url: '/v1/things', headers: json, payload: '{"__proto__":{}}' },
    400,
    'REQUEST.MALFORMED',
  ],
  'a malformed URL': [{ method: 'GET', url: '/v1/things/%ff', headers: { authorization } }, 400, 'REQUEST.MALFORMED'],
  'no such address': [{ method: 'GET', url: '/v1/nothing', headers: { authorization } }, 404, 'REQUEST.NOT_FOUND'],
  'a wrong method': [{ method: 'DELETE', url: '/v1/things', headers: { authorization } }, 405, 'REQUEST.METHOD'],
  'a large body': [
    { method: 'POST', url: '/v1/things', headers: json, payload: JSON.stringify('x'.repeat(70_000)) },
    413,
    'REQUEST.TOO_LARGE',
  ],
  'a form': [
    {
      method: 'POST',
      url: '/v1/things',
      headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'a=1',
    },
    415,
    'REQUEST.MEDIA_TYPE',
  ],
  'plain text': [
    { method: 'POST', url: '/v1/things', headers: { authorization, 'content-type': 'text/plain' }, payload: '{}' },
    415,
    'REQUEST.MEDIA_TYPE',
  ],
  'no token': [{ method: 'GET', url: '/v1/things' }, 401, 'AUTH.TOKEN_MISSING'],
  'no token, and no such address': [{ method: 'GET', url: '/v1/nothing' }, 401, 'AUTH.TOKEN_MISSING'],
  'no token, and a large body': [
    { method: 'POST', url: '/v1/things', headers: { 'content-type': 'application/json' }, payload: 'x'.repeat(70_000) },
    401,
    'AUTH.TOKEN_MISSING',
  ],
  'a database that is away': [
    { method: 'GET', url: '/v1/things/without-database', headers: { authorization } },
    503,
    'CONFIG.DATABASE_UNAVAILABLE',
  ],
  'a fault of ours': [{ method: 'GET', url: '/v1/things/broken', headers: { authorization } }, 500, 'CONFIG.INTERNAL'],
} as const;

describe('problem details', () => {
  it.each(Object.entries(calls))('answer %s', async (_name, [call, status, code]) => {
    const response = await app.inject(call);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    const problem = problemSchema.parse(response.json());
    expect(problem).toMatchObject({ status, code, type: 'about:blank' });
    expect(problem.detail).not.toBe('');
    expect(problem.hint).not.toBe('');
  });

  it('say which methods there are, and which scheme of token', async () => {
    const wrong = await app.inject({ method: 'PATCH', url: '/v1/things', headers: { authorization } });
    expect(wrong.headers.allow).toBe('GET, HEAD, POST');
    const anonymous = await app.inject({ method: 'GET', url: '/v1/things' });
    expect(anonymous.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  it('show nothing of a fault of ours, which is logged once', async () => {
    lines.length = 0;
    const response = await app.inject({ method: 'GET', url: '/v1/things/broken', headers: { authorization } });
    expect(response.body).not.toContain(SECRET);
    expect(response.body).not.toContain('mongodb');
    const logged = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
    expect(logged).toHaveLength(1);
    expect(response.json().hint).toContain(logged[0].requestId);
  });

  it('are not needed for an empty body with a JSON header', async () => {
    const response = await app.inject({ method: 'POST', url: '/v1/things', headers: json, payload: '' });
    expect(response.json()).toEqual({ body: null });
  });
});
