import { type FreshBucket, freshBucket, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locationOn } from './connector-bucket.js';
import { startTestConfig, type TestConfig } from './running-config.js';

let config: TestConfig;
let target: FreshBucket;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  [config, target] = await Promise.all([startTestConfig(), freshBucket()]);
  for (const role of ['viewer', 'operator', 'admin']) {
    const { body } = await config.call('POST', '/v1/tokens', { body: { role } });
    tokens[role] = body.token;
  }
});
afterAll(async () => {
  await Promise.all([config.stop(), target.drop()]);
});

describe('an API token', () => {
  it('is shown once, stored as a hash, and gone when it is deleted', async () => {
    const { status, body } = await config.call('POST', '/v1/tokens', { body: { role: 'viewer', description: 'CI' } });
    expect(status).toBe(201);
    expect(body).toMatchObject({ role: 'viewer', description: 'CI' });
    const token: string = body.token;
    expect((await config.call('GET', '/v1/buckets', { token })).status).toBe(200);
    const listed = await config.call('GET', '/v1/tokens');
    expect(listed.text).not.toContain(token);
    expect(listed.body.items).toContainEqual(expect.objectContaining({ id: body.id, description: 'CI' }));
    const stored = await config.database.db.collection('config.tokens').find().toArray();
    expect(JSON.stringify(stored)).not.toContain(token);
    expect((await config.call('DELETE', `/v1/tokens/${body.id}`)).status).toBe(204);
    const after = await config.call('GET', '/v1/buckets', { token });
    expect(after.body).toMatchObject({ status: 401, code: 'AUTH.TOKEN_UNKNOWN' });
    expect(after.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect((await config.call('DELETE', `/v1/tokens/${body.id}`)).body).toMatchObject({ code: 'TOKEN.NOT_FOUND' });
  });

  it('is listed in pages', async () => {
    const first = await config.call('GET', '/v1/tokens?limit=2');
    expect(first.body.items).toHaveLength(2);
    const rest = await config.call('GET', `/v1/tokens?after=${first.body.next}`);
    expect(rest.body.items).toHaveLength(1);
    expect(rest.body.next).toBeNull();
  });
});

describe('an access key', () => {
  it('is shown once, kept encrypted, given to the gateway, and gone when it is deleted', async () => {
    const { status, body } = await config.call('POST', '/v1/access-keys', {
      body: { role: 'reader', buckets: ['photos', 'later-bucket'] },
    });
    expect(status).toBe(201);
    expect(body.id).toMatch(/^[A-Z0-9]{20}$/);
    expect(body.secretAccessKey).toMatch(/^[\w-]{40}$/);
    const listed = await config.call('GET', '/v1/access-keys');
    const { secretAccessKey, ...shown } = body;
    expect(listed.body).toEqual({ items: [shown], next: null });
    const stored = await config.database.db.collection('config.accessKeys').find().toArray();
    expect(JSON.stringify(stored)).not.toContain(secretAccessKey);
    const revealed = await config.internal(`access-keys/${body.id}`);
    expect(revealed.body).toEqual({
      id: body.id,
      secretAccessKey,
      role: 'reader',
      buckets: ['photos', 'later-bucket'],
    });
    expect((await config.call('DELETE', `/v1/access-keys/${body.id}`)).status).toBe(204);
    expect((await config.internal(`access-keys/${body.id}`)).body).toMatchObject({ code: 'ACCESS_KEY.NOT_FOUND' });
    expect((await config.call('DELETE', `/v1/access-keys/${body.id}`)).status).toBe(404);
  });

  it('may be for all buckets', async () => {
    const { body } = await config.call('POST', '/v1/access-keys', { body: { role: 'writer', buckets: '*' } });
    expect((await config.internal(`access-keys/${body.id}`)).body).toMatchObject({ role: 'writer', buckets: '*' });
    await config.call('DELETE', `/v1/access-keys/${body.id}`);
  });
});

describe('the internal API', () => {
  it('gives credentials to the service token, and to no other', async () => {
    await config.call('POST', '/v1/locations', { body: locationOn(target.bucket, 'ring-paris') });
    const { endpoint, region, accessKeyId, secretAccessKey } = testServers().connector;
    const { status, body } = await config.internal('locations/ring-paris/credentials');
    expect(status).toBe(200);
    expect(body).toEqual({
      name: 'ring-paris',
      endpoint,
      region,
      bucketName: target.bucket,
      accessKey: accessKeyId,
      secretKey: secretAccessKey,
      revision: expect.stringMatching(/^\d{18,20}$/),
    });
    for (const token of [config.env.BOOTSTRAP_ADMIN_TOKEN ?? '', ...Object.values(tokens), 'nonsense']) {
      const refused = await config.internal('locations/ring-paris/credentials', token);
      expect(refused.body).toMatchObject({ status: 401, code: 'AUTH.TOKEN_UNKNOWN' });
    }
    expect((await config.internal('locations/nowhere/credentials')).body).toMatchObject({ status: 404 });
    expect((await config.call('DELETE', '/v1/locations/ring-paris')).status).toBe(204);
  });

  it('is all that the service token opens', async () => {
    const token = config.env.SERVICE_TOKEN;
    expect((await config.call('GET', '/v1/locations', { token })).status).toBe(401);
  });

  it.each(['/internal%2fv1/access-keys/A', '/INTERNAL/v1/access-keys/A', '//internal/v1/access-keys/A'])(
    'is not reached as %s',
    async (path) => {
      expect((await config.call('GET', path)).status).toBeGreaterThanOrEqual(400);
    },
  );
});

describe('without a token', () => {
  it('metrics tell what was called and what waits to be said', async () => {
    const text = await (await fetch(`${config.service.url}/metrics`)).text();
    expect(text).toMatch(/config_http_request_seconds_count\{[^}]*route="\/v1\/tokens"/);
    expect(text).toMatch(/config_outbox_pending\{[^}]*\} \d/);
  });
});
