import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FreshBucket, freshBucket, setVersioning, testServers } from '@mirror/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { leftovers, locationOn } from './connector-bucket.js';
import { startTestConfig, type TestConfig } from './running-config.js';

let config: TestConfig;
let target: FreshBucket;
let other: FreshBucket;

beforeAll(async () => {
  [config, target, other] = await Promise.all([startTestConfig(), freshBucket(), freshBucket()]);
});
afterAll(async () => {
  await Promise.all([config.stop(), target.drop(), other.drop()]);
});
afterEach(async () => {
  expect(await leftovers(target)).toEqual([]);
  expect(await leftovers(other)).toEqual([]);
});

const stored = () => config.database.db.collection('config.locations').countDocuments();
const add = (name: string, details = {}) =>
  config.call('POST', '/v1/locations', { body: locationOn(target.bucket, name, details) });
const drop = (name: string) => config.call('DELETE', `/v1/locations/${name}`);

describe('a location', () => {
  it('is created once its prerequisites are met, and read back without its secret', async () => {
    const created = await add('ring-paris', { region: undefined });
    expect(created.status).toBe(201);
    const { endpoint, accessKeyId } = testServers().connector;
    expect(created.body).toMatchObject({
      name: 'ring-paris',
      locationType: 'location-scality-ring-s3-v1',
      details: { endpoint, bucketName: target.bucket, accessKey: accessKeyId, bucketMatch: true, region: 'us-east-1' },
      mirroring: 'available',
    });
    expect(created.body.checks.length).toBeGreaterThan(5);
    expect(created.body.checks.every(({ ok }: { ok: boolean }) => ok)).toBe(true);
    const read = await config.call('GET', '/v1/locations/ring-paris');
    expect(read.body).toEqual(created.body);
    expect((await config.call('GET', '/v1/locations')).body).toEqual({ items: [created.body], next: null });
    expect((await drop('ring-paris')).status).toBe(204);
    expect((await config.call('GET', '/v1/locations/ring-paris')).body).toMatchObject({ code: 'LOCATION.NOT_FOUND' });
  });

  it('is only checked by a dry run', async () => {
    const body = locationOn(target.bucket, 'dry');
    const checked = await config.call('POST', '/v1/locations?dryRun=true', { body });
    expect(checked.status).toBe(200);
    expect(checked.body.checks.every(({ ok }: { ok: boolean }) => ok)).toBe(true);
    const wrong = locationOn('no-such-bucket-here', 'dry');
    const failed = await config.call('POST', '/v1/locations?dryRun=true', { body: wrong });
    expect(failed.status).toBe(422);
    expect(await stored()).toBe(0);
    expect(await config.database.db.collection('config.outbox').countDocuments()).toBe(0);
  });

  it('gets the scheme that its endpoint lacks', async () => {
    const { host } = new URL(testServers().connector.endpoint);
    const created = await add('schemeless', { endpoint: host });
    expect(created.body.details.endpoint).toBe(`http://${host}`);
    await drop('schemeless');
  });

  it('with a prefix cannot be mirrored', async () => {
    const created = await add('prefixed', { bucketMatch: undefined });
    expect(created.body).toMatchObject({ mirroring: 'unavailable', details: { bucketMatch: false } });
    await drop('prefixed');
  });

  it('is created once when two create it at once', async () => {
    const answers = await Promise.all([add('twice'), add('twice'), add('twice')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const refused = answers.filter(({ status }) => status === 409).map(({ body }) => body.code);
    expect(refused).toEqual(['LOCATION.EXISTS', 'LOCATION.EXISTS']);
    expect((await add('twice')).body).toMatchObject({ status: 409, code: 'LOCATION.EXISTS' });
    await drop('twice');
  });

  it('is listed by name, in pages', async () => {
    for (const name of ['b', 'a', 'C', 'a-1']) await add(name);
    const names: string[] = [];
    let next = '';
    do {
      const after = next === '' ? '' : `&after=${next}`;
      const page = await config.call('GET', `/v1/locations?limit=3${after}`);
      names.push(...page.body.items.map(({ name }: { name: string }) => name));
      next = page.body.next ?? '';
    } while (next !== '');
    expect(names).toEqual(['C', 'a', 'a-1', 'b']);
    const constraints = await config.call('GET', '/v1/location-constraints?limit=3');
    expect(constraints.body.items.map(({ value }: { value: string }) => value)).toEqual(['C', 'C:ingest', 'a']);
    expect(constraints.body.items[1]).toEqual({ value: 'C:ingest', label: 'C (Mirror mode)' });
    for (const name of names) await drop(name);
  });
});

describe('a change of a location', () => {
  const change = (details: unknown) => config.call('PATCH', '/v1/locations/changing', { body: { details } });

  it('is checked, and stored only when all is well', async () => {
    const { body: before } = await add('changing');
    const refused = await change({ secretKey: 'not-the-secret-key' });
    expect(refused.status).toBe(422);
    expect((await config.call('GET', '/v1/locations/changing')).body).toEqual(before);
    const moved = await change({ bucketName: other.bucket });
    expect(moved.body.details).toEqual({ ...before.details, bucketName: other.bucket });
    const { body: secret } = await config.internal('locations/changing/credentials');
    expect(secret).toMatchObject({ bucketName: other.bucket, secretKey: testServers().connector.secretAccessKey });
  });

  it('loses against one that came between', async () => {
    const answers = await Promise.all([change({ region: 'eu-west-1' }), change({ region: 'eu-west-2' })]);
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses[0]).toBe(200);
    for (const { status, body } of answers)
      if (status !== 200) expect(body).toMatchObject({ code: 'LOCATION.CHANGED' });
  });

  it('finds no location that is not there', async () => {
    expect((await config.call('PATCH', '/v1/locations/nowhere', { body: { details: {} } })).status).toBe(404);
    expect((await drop('changing')).status).toBe(204);
    expect((await drop('changing')).body).toMatchObject({ status: 404, code: 'LOCATION.NOT_FOUND' });
  });
});

describe('a check', () => {
  it('says what has become of the prerequisites, and keeps it', async () => {
    await add('checked');
    await setVersioning(target.s3, target.bucket, 'Suspended');
    const checked = await config.call('POST', '/v1/locations/checked/check');
    expect(checked.status).toBe(200);
    expect(checked.body.checks.some(({ ok }: { ok: boolean }) => !ok)).toBe(true);
    expect((await config.call('GET', '/v1/locations/checked')).body).toEqual(checked.body);
    await setVersioning(target.s3, target.bucket, 'Enabled');
    const mended = await config.call('POST', '/v1/locations/checked/check');
    expect(mended.body.checks.every(({ ok }: { ok: boolean }) => ok)).toBe(true);
    await drop('checked');
    expect((await config.call('POST', '/v1/locations/checked/check')).status).toBe(404);
  });
});

describe('a prerequisite that fails', () => {
  let notS3: Server;
  let silent: Server;
  const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  beforeAll(async () => {
    notS3 = createServer((_request, response) => response.end('<html>a web page</html>')).listen(0, '127.0.0.1');
    silent = createServer(() => {}).listen(0, '127.0.0.1');
    await Promise.all([notS3, silent].map((server) => new Promise((resolve) => server.once('listening', resolve))));
  });
  afterAll(() => {
    for (const server of [notS3, silent]) {
      server.closeAllConnections();
      server.close();
    }
  });

  type Failing = readonly [check: string, code: string, details: () => Promise<object> | object];
  const { endpoint } = testServers().connector;
  const failing: Record<string, Failing> = {
    'nobody listens': ['endpoint', 'S3.UNREACHABLE', () => ({ endpoint: 'http://127.0.0.1:9' })],
    'no such host': ['endpoint', 'S3.NO_SUCH_HOST', () => ({ endpoint: 'http://no-such-host.invalid:8000' })],
    'not S3 at all': ['endpoint', 'S3.NOT_S3', () => ({ endpoint: addressOf(notS3) })],
    'an endpoint that never answers': ['endpoint', 'S3.TIMEOUT', () => ({ endpoint: addressOf(silent) })],
    'TLS where there is none': ['tls', 'S3.TLS_MISMATCH', () => ({ endpoint: endpoint.replace('http:', 'https:') })],
    'a metadata address': ['endpoint', 'ENDPOINT.REFUSED', () => ({ endpoint: 'http://169.254.169.254' })],
    'a network that is not allowed': ['endpoint', 'ENDPOINT.REFUSED', () => ({ endpoint: 'http://10.1.2.3:8000' })],
    'an unknown access key': ['credentials', 'S3.ACCESS_KEY', () => ({ accessKey: 'NOBODYSACCESSKEY' })],
    'a wrong secret': ['credentials', 'S3.SIGNATURE', () => ({ secretKey: 'not-the-secret-key' })],
    'no such bucket': ['bucket', 'S3.NO_SUCH_BUCKET', () => ({ bucketName: 'there-is-no-such-bucket' })],
    'versioning never enabled': ['versioning', 'S3.VERSIONING_OFF', () => bucketOf('none')],
    'versioning suspended': ['versioning', 'S3.VERSIONING_SUSPENDED', () => bucketOf('Suspended')],
  };
  const buckets: FreshBucket[] = [];
  async function bucketOf(versioning: 'none' | 'Suspended'): Promise<object> {
    const bucket = await freshBucket({ versioning });
    buckets.push(bucket);
    return { bucketName: bucket.bucket };
  }
  afterAll(() => Promise.all(buckets.map((bucket) => bucket.drop())));

  it.each(Object.entries(failing))('is told: %s', async (_what, [name, code, details]) => {
    const began = performance.now();
    const { status, body, text } = await add('never', await details());
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'LOCATION.PREREQUISITES' });
    expect(body.checks).toEqual([
      { name, ok: false, code, detail: expect.stringMatching(/\w/), hint: expect.stringMatching(/\w/) },
    ]);
    expect(body.detail).toContain(name);
    expect(text).not.toContain(testServers().connector.secretAccessKey);
    expect(await stored()).toBe(0);
    expect(await config.database.db.collection('config.outbox').countDocuments()).toBe(0);
    for (const bucket of buckets) expect(await leftovers(bucket)).toEqual([]);
  });

  it('is told with the address in plain HTTP where only the scheme was missing', async () => {
    const { body } = await add('never', { endpoint: '127.0.0.2' });
    expect(body.checks[0].hint).toContain('http://127.0.0.2');
  });
});
