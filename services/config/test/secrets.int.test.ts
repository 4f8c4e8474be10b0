import { randomBytes } from 'node:crypto';
import { topics } from '@mirror/events';
import { createLogger } from '@mirror/runtime';
import { type FreshBucket, freshBucket, freshDatabase, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startConfig } from '../src/start.js';
import { locationOn } from './connector-bucket.js';
import { readMessages } from './read-messages.js';
import { startTestConfig, type TestConfig, testEnv } from './running-config.js';

describe('a secret', () => {
  let config: TestConfig;
  let target: FreshBucket;
  const answers: string[] = [];
  const secrets: string[] = [];

  beforeAll(async () => {
    [config, target] = await Promise.all([startTestConfig(), freshBucket()]);
    const call = async (method: string, path: string, body?: object) => {
      const answer = await config.call(method, path, { body });
      answers.push(answer.text);
      return answer.body;
    };
    const { secretAccessKey } = testServers().connector;
    const wrongSecret = `wrong-${randomBytes(12).toString('hex')}`;
    const good = locationOn(target.bucket, 'ring-paris');
    await call('POST', '/v1/locations?dryRun=true', good);
    await call('POST', '/v1/locations', good);
    await call('POST', '/v1/locations', good); // 409
    await call('POST', '/v1/locations', locationOn(target.bucket, 'bad', { secretKey: wrongSecret })); // 422
    await call('POST', '/v1/locations', locationOn(target.bucket, 'bad', { secretKey: `${wrongSecret} ` })); // 400
    await call('POST', '/v1/locations', locationOn(target.bucket, 'bad', { extra: wrongSecret })); // 400
    await call('PATCH', '/v1/locations/ring-paris', { details: { secretKey: wrongSecret } }); // 422
    await call('PATCH', '/v1/locations/ring-paris', { details: { secretKey: secretAccessKey } });
    await call('POST', '/v1/locations/ring-paris/check');
    await call('POST', '/v1/buckets', { name: 'photos', locationConstraint: 'ring-paris:ingest' });
    await call('GET', '/v1/locations');
    await call('GET', '/v1/buckets/photos/status');
    const { token } = await config.call('POST', '/v1/tokens', { body: { role: 'viewer' } }).then(({ body }) => body);
    const { secretAccessKey: gatewaySecret } = await config
      .call('POST', '/v1/access-keys', { body: { role: 'reader', buckets: '*' } })
      .then(({ body }) => body);
    await call('GET', '/v1/tokens');
    await call('GET', '/v1/access-keys');
    const { MASTER_KEY, SERVICE_TOKEN, BOOTSTRAP_ADMIN_TOKEN = '' } = config.env;
    secrets.push(secretAccessKey, wrongSecret, token, gatewaySecret, MASTER_KEY, SERVICE_TOKEN, BOOTSTRAP_ADMIN_TOKEN);
  });
  afterAll(async () => {
    await Promise.all([config.stop(), target.drop()]);
  });

  const expectNone = (what: string, text: string) => {
    expect(text.length).toBeGreaterThan(100);
    for (const secret of secrets) {
      for (const form of [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')]) {
        expect(text.includes(form), `${what} has a secret`).toBe(false);
      }
    }
  };

  it('is in no answer', () => expectNone('an answer', answers.join('\n')));

  it('is in no log line, though everything is logged', () => expectNone('a log line', config.log.join('\n')));

  it('is in no metric', async () => {
    expectNone('a metric', await (await fetch(`${config.service.url}/metrics`)).text());
  });

  it('is in no document of the database, nor in the outbox before it was relayed', async () => {
    const { db } = config.database;
    const names = (await db.listCollections().toArray()).map(({ name }) => name);
    expect(names).toContain('config.locations');
    const documents = await Promise.all(names.map((name) => db.collection(name).find().toArray()));
    expectNone('a document', JSON.stringify(documents));
  });

  it('is in no message', async () => {
    const all = [topics.locations, topics.buckets];
    const messages = await readMessages(config.env, all, 3); // LocationCreated, LocationUpdated, BucketMirrored
    expectNone('a message', JSON.stringify(messages));
  });

  it('does not open in the place of another record', async () => {
    const locations = config.database.db.collection('config.locations');
    const original = await locations.findOne({});
    const keys = config.database.db.collection('config.accessKeys');
    const key = await keys.findOne({});
    await locations.updateOne({}, { $set: { secretKey: key?.secretAccessKey } });
    const answer = await config.internal('locations/ring-paris/credentials');
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({ code: 'CONFIG.INTERNAL' });
    expectNone('an answer', answer.text);
    await locations.updateOne({}, { $set: { secretKey: original?.secretKey } });
    expect((await config.internal('locations/ring-paris/credentials')).status).toBe(200);
  });
});

describe('another MASTER_KEY', () => {
  it('is refused at boot, in clear words', async () => {
    const database = await freshDatabase('config');
    const logger = createLogger('config', 'silent');
    const env = testEnv(database.url);
    const running = await startConfig(env, { logger });
    await running.stop();
    const other = { ...env, MASTER_KEY: randomBytes(32).toString('base64') };
    await expect(startConfig(other, { logger })).rejects.toMatchObject({
      code: 'CONFIG.WRONG_MASTER_KEY',
      message: expect.stringContaining('MASTER_KEY'),
    });
    const again = await startConfig(env, { logger });
    await again.stop();
    await database.drop();
  });

  it('does not slip in when two start on an empty database', async () => {
    const database = await freshDatabase('config');
    const logger = createLogger('config', 'silent');
    const envs = [testEnv(database.url), testEnv(database.url)];
    const started = await Promise.allSettled(envs.map((env) => startConfig(env, { logger })));
    const running = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(running).toHaveLength(1);
    await running[0]?.stop();
    await database.drop();
  });
});
