import { topics } from '@mirror/events';
import { type ListingServer, startListingServer } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locationOn } from './connector-bucket.js';
import { readMessages } from './read-messages.js';
import { startTestConfig, type TestConfig } from './running-config.js';

const hiding = 'astralKeysMissing';
let config: TestConfig;
let server: ListingServer;

beforeAll(async () => {
  [config, server] = await Promise.all([
    startTestConfig(),
    startListingServer({ personality: 's3ConnectorOmitting', seed: (bucket) => void bucket.put('z', { body: 'z' }) }),
  ]);
});
afterAll(async () => {
  await config?.stop();
  await server?.stop();
});

const check = async () => {
  const { status } = await config.call('POST', '/v1/locations/quirky/check');
  expect(status).toBe(200);
  return kept();
};
const kept = async () => {
  const record = await config.database.db.collection('config.locations').findOne({});
  return record?.behaviour;
};

describe('how the endpoint of a location lists', () => {
  it('is learned when the location is added and checked, kept with it, and said with its state', async () => {
    const { endpoint, accessKeyId: accessKey, secretAccessKey: secretKey, contents } = server;
    const created = await config.call('POST', '/v1/locations', {
      body: locationOn(server.bucket, 'quirky', { endpoint, accessKey, secretKey }),
    });
    expect(created.status, created.text).toBe(201);
    expect(await kept()).toMatchObject({ listing: 'ranges', unknown: expect.arrayContaining([hiding]) });

    for (const key of ['p/\uE000', 'p/\u{1F600}']) contents.put(key, { body: key });
    expect(await check()).toMatchObject({ listing: 'serialByPrefix', quirks: expect.arrayContaining([hiding]) });
    for (const key of contents.keys()) contents.remove(key, contents.find(key)?.versionId ?? '');
    expect(await check()).toMatchObject({ listing: 'serialByPrefix', quirks: expect.arrayContaining([hiding]) });
    server.inject({ status: 503 });
    expect(await check()).toMatchObject({ listing: 'serialByPrefix', quirks: expect.arrayContaining([hiding]) });

    const said = (await readMessages(config.env, [topics.locations], 3)).map(({ value }) => value);
    expect(said.map(({ behaviour }) => behaviour.listing)).toEqual(['ranges', 'serialByPrefix', 'serialByPrefix']);
    expect(said.at(-1).behaviour).toEqual(await kept());
  });
});
