import { type FreshBucket, freshBucket } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicControllers } from '../src/config.module.js';
import { exampleFailure } from '../src/http/examples.js';
import { buildOpenApi } from '../src/http/openapi.js';
import { locationOn } from './connector-bucket.js';
import { startTestConfig, type TestConfig } from './running-config.js';

/** Each call of the OpenAPI document with each kind of caller. The document is the table: a new call is in it by itself. */

const roles = ['viewer', 'operator', 'admin'] as const;
type Role = (typeof roles)[number];

/** The least role that each operation needs; null: no token at all. One that is not named here fails. */
const least: Readonly<Record<string, Role | null>> = {
  live: null,
  ready: null,
  metrics: null,
  openapi: null,
  listLocations: 'viewer',
  getLocation: 'viewer',
  listLocationConstraints: 'viewer',
  listBuckets: 'viewer',
  getBucket: 'viewer',
  getBucketStatus: 'viewer',
  listFailures: 'viewer',
  createLocation: 'operator',
  changeLocation: 'operator',
  deleteLocation: 'operator',
  checkLocation: 'operator',
  createBucket: 'operator',
  detachBucket: 'operator',
  pauseBucket: 'operator',
  resumeBucket: 'operator',
  verifyBucket: 'operator',
  acceptRemovals: 'operator',
  retryFailures: 'operator',
  retryFailure: 'operator',
  discardFailure: 'operator',
  createAccessKey: 'admin',
  listAccessKeys: 'admin',
  deleteAccessKey: 'admin',
  createToken: 'admin',
  listTokens: 'admin',
  deleteToken: 'admin',
};

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> };
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const calls = Object.entries(buildOpenApi(publicControllers).paths as Paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId, requestBody }]) => {
    const body = requestBody?.content['application/json']?.example;
    return [operationId, method.toUpperCase(), path, body] as const;
  }),
);

let config: TestConfig;
let target: FreshBucket;
const tokens: Record<string, string> = {};
/** What the paths' parameters stand for, so that a call that is let through by mistake does what it says. */
const things: Record<string, string> = {
  '/locations/{name}': 'ring-paris',
  '/buckets/{name}': 'photos',
  '/failures/{id}': exampleFailure.id,
};
const bearer = (token: string | undefined) => `Bearer ${token}`;
/** Those whom no call knows, by their authorization header. */
const strangers: Record<string, () => string | null> = {
  'no token': () => null,
  'an empty token': () => 'Bearer ',
  'a token that was never given': () => bearer(`${tokens.admin}x`),
  'a token that was deleted': () => bearer(tokens.deleted),
  'the token of the services': () => bearer(config.env.SERVICE_TOKEN),
  'a reader’s key': () => bearer(tokens.reader),
  'a writer’s key of other buckets': () => bearer(tokens.others),
  'a key and a signature, as S3 has them': () => `AWS4-HMAC-SHA256 Credential=${tokens.readerId}/20260101/us-east-1/s3`,
  'an admin’s token as a password': () => `Basic ${Buffer.from(`admin:${tokens.admin}`).toString('base64')}`,
};

beforeAll(async () => {
  [config, target] = await Promise.all([startTestConfig(), freshBucket()]);
  const make = async (path: string, body: unknown) => (await config.call('POST', path, { body })).body;
  await make('/v1/locations', locationOn(target.bucket, 'ring-paris'));
  await make('/v1/buckets', { name: 'photos', locationConstraint: 'ring-paris:ingest' });
  for (const role of [...roles, 'deleted']) {
    const { id, token } = await make('/v1/tokens', { role: role === 'deleted' ? 'admin' : role });
    tokens[role] = token;
    if (role === 'deleted') await config.call('DELETE', `/v1/tokens/${id}`);
    else things['/tokens/{id}'] = id;
  }
  const reader = await make('/v1/access-keys', { role: 'reader', buckets: '*' });
  const others = await make('/v1/access-keys', { role: 'writer', buckets: ['others'] });
  things['/access-keys/{id}'] = reader.id;
  Object.assign(tokens, { reader: reader.secretAccessKey, readerId: reader.id, others: others.secretAccessKey });
});
afterAll(async () => {
  await Promise.all([config.stop(), target.drop()]);
});

function pathOf(template: string): string {
  const filled = Object.entries(things).reduce(
    (path, [from, to]) => path.replace(from, from.replace(/\{.*/, to)),
    template,
  );
  expect(filled, 'a parameter stands for nothing: name a thing for it').not.toContain('{');
  return filled;
}

/** Of a thing that is not there, so that those who may do no harm. */
const nowhere = (template: string): string => template.replace(/\{\w+\}/g, 'nowhere');

async function send(method: string, path: string, authorization: string | null, body?: unknown): Promise<Response> {
  const sent = body !== undefined && { body: JSON.stringify(body) };
  const headers = {
    ...(authorization !== null && { authorization }),
    ...(sent && { 'content-type': 'application/json' }),
  };
  return fetch(`${config.service.url}${path}`, { method, headers, ...sent });
}

/** The status alone: an answer that streams is left at once. */
async function statusFor(method: string, path: string, authorization: string | null): Promise<number> {
  const response = await send(method, path, authorization);
  await response.body?.cancel();
  return response.status;
}

/** All that callers can change. */
async function state(): Promise<string> {
  const names = ['locations', 'buckets', 'tokens', 'accessKeys'];
  const stored = await Promise.all(
    names.map((name) => config.database.db.collection(`config.${name}`).find().toArray()),
  );
  return JSON.stringify(stored);
}

it.each(calls)('who may call %s is written down', (id) => {
  expect(Object.keys(least)).toContain(id);
});

describe.each(calls.filter(([id]) => least[id] === null))('%s', (_id, method, path) => {
  it('answers without a token', async () => {
    expect(await statusFor(method, path, null)).toBe(200);
  });
});

describe.each(calls.filter(([id]) => least[id] !== null))('%s', (id, method, path, body) => {
  const rank = (role: Role) => roles.indexOf(role);
  const needed = least[id] ?? 'admin';

  it.each(Object.entries(strangers))('is shut for %s', async (_who, authorization) => {
    const before = await state();
    const refused = await send(method, pathOf(path), authorization(), body);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(await refused.json()).toMatchObject({ code: expect.stringMatching(/^AUTH\.TOKEN_(MISSING|UNKNOWN)$/) });
    expect(await state()).toBe(before);
  });

  it.each(roles.filter((role) => rank(role) < rank(needed)))('is forbidden to a %s’s token', async (role) => {
    const before = await state();
    const refused = await send(method, pathOf(path), bearer(tokens[role]), body);
    expect(await refused.json()).toMatchObject({ status: 403, code: 'AUTH.FORBIDDEN', hint: expect.anything() });
    expect(await state()).toBe(before);
  });

  it.each(roles.filter((role) => rank(role) >= rank(needed)))('is open to a %s’s token', async (role) => {
    expect([401, 403]).not.toContain(await statusFor(method, nowhere(path), bearer(tokens[role])));
  });
});
