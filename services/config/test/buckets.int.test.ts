import { type FreshBucket, freshBucket, testServers, waitFor } from '@mirror/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { locationOn } from './connector-bucket.js';
import { type Owner, startOwner } from './owner.js';
import { startTestConfig, type TestConfig, uploadsAre } from './running-config.js';

let config: TestConfig;
let first: FreshBucket;
let second: FreshBucket;

beforeAll(async () => {
  [config, first, second] = await Promise.all([startTestConfig(), freshBucket(), freshBucket()]);
  await addLocation('one', first.bucket);
  await addLocation('also-one', first.bucket);
  await addLocation('two', second.bucket);
  await addLocation('prefixed', second.bucket, { bucketMatch: false });
});
afterAll(async () => {
  await Promise.all([config.stop(), first.drop(), second.drop()]);
});
afterEach(async () => {
  const { body } = await config.call('GET', '/v1/buckets');
  for (const { name } of body.items) await config.call('DELETE', `/v1/buckets/${name}`);
});

async function addLocation(name: string, bucket: string, details = {}): Promise<void> {
  const { status, text } = await config.call('POST', '/v1/locations', { body: locationOn(bucket, name, details) });
  expect(status, text).toBe(201);
}
const create = (name: string, locationConstraint: string) =>
  config.call('POST', '/v1/buckets', { body: { name, locationConstraint } });
const mirroring = async (location: string) => (await config.call('GET', `/v1/locations/${location}`)).body.mirroring;

describe('a bucket in Mirror mode', () => {
  it('is created, read, listed and detached, and leaves its location free', async () => {
    const created = await create('photos', 'one:ingest');
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      name: 'photos',
      location: 'one',
      locationConstraint: 'one:ingest',
      paused: false,
      resumeAt: null,
    });
    expect((await config.call('GET', '/v1/buckets/photos')).body).toEqual(created.body);
    expect((await config.call('GET', '/v1/buckets')).body).toEqual({ items: [created.body], next: null });
    expect((await config.call('DELETE', '/v1/buckets/photos')).status).toBe(204);
    expect((await config.call('GET', '/v1/buckets/photos')).body).toMatchObject({ code: 'BUCKET.NOT_FOUND' });
    expect((await config.call('DELETE', '/v1/buckets/photos')).status).toBe(404);
    const again = await create('photos', 'one:ingest');
    expect(again.status).toBe(201);
    expect(again.body.mirrorId).not.toBe(created.body.mirrorId);
  });

  it.each([
    ['one', 422, 'BUCKET.NOT_A_MIRROR', 'one:ingest'],
    ['prefixed:ingest', 422, 'BUCKET.LOCATION_PREFIXED', 'bucketMatch'],
    ['prefixed', 422, 'BUCKET.NOT_A_MIRROR', 'prefixed:ingest'],
    ['nowhere:ingest', 422, 'BUCKET.LOCATION_UNKNOWN', '/v1/location-constraints'],
    ['nowhere', 422, 'BUCKET.LOCATION_UNKNOWN', '/v1/location-constraints'],
    ['one:ingest:ingest', 400, 'REQUEST.INVALID_FIELD', 'NAME:ingest'],
    ['one:mirror', 400, 'REQUEST.INVALID_FIELD', 'NAME:ingest'],
  ])('is not made on %s: %i %s', async (constraint, status, code, hint) => {
    const { body } = await create('photos', constraint);
    expect(body).toMatchObject({ status, code });
    expect(body.detail).toContain('locationConstraint');
    expect(body.hint).toContain(hint);
    expect((await config.call('GET', '/v1/buckets')).body.items).toEqual([]);
    expect(await mirroring('one')).toBe('available'); // what was claimed in vain is free again
  });

  it('is the only one of its name, of its location, and of its target', async () => {
    await create('photos', 'one:ingest');
    expect((await create('photos', 'two:ingest')).body).toMatchObject({ status: 409, code: 'BUCKET.EXISTS' });
    expect((await create('others', 'one:ingest')).body).toMatchObject({
      status: 409,
      code: 'BUCKET.LOCATION_MIRRORED',
    });
    const target = await create('others', 'also-one:ingest');
    expect(target.body).toMatchObject({ status: 409, code: 'BUCKET.TARGET_MIRRORED' });
    expect(await mirroring('also-one')).toBe('available');
    expect(await mirroring('two')).toBe('available');
  });

  it.each([
    ['one name', ['photos', 'one:ingest'], ['photos', 'two:ingest']],
    ['one location', ['photos', 'one:ingest'], ['others', 'one:ingest']],
    ['one target', ['photos', 'one:ingest'], ['others', 'also-one:ingest']],
  ] as const)('wins a race for %s alone', async (_what, a, b) => {
    const answers = await Promise.all([a, b, a, b].map(([name, constraint]) => create(name, constraint)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect((await config.call('GET', '/v1/buckets')).body.items).toHaveLength(1);
  });

  it('holds its location against deletion and another target', async () => {
    await create('photos', 'one:ingest');
    const deleted = await config.call('DELETE', '/v1/locations/one');
    expect(deleted.body).toMatchObject({ status: 409, code: 'LOCATION.IN_USE' });
    expect(deleted.body.hint).toContain('photos');
    const change = (details: object) => config.call('PATCH', '/v1/locations/one', { body: { details } });
    const moved = await change({ bucketName: second.bucket });
    expect(moved.body).toMatchObject({ status: 409, code: 'LOCATION.IN_USE' });
    expect(moved.body.detail).toContain('bucketName');
    expect((await change({ bucketMatch: false })).body).toMatchObject({ status: 409, code: 'LOCATION.IN_USE' });
    expect((await change({ bucketName: first.bucket, bucketMatch: true })).status).toBe(200); // as it was
    expect((await change({ region: 'eu-west-1' })).status).toBe(200);
  });

  it('is not made on a location that goes at the same moment, nor left without one', async () => {
    for (let round = 0; round < 5; round++) {
      await addLocation('fleeting', second.bucket);
      const [deleted, created] = await Promise.all([
        config.call('DELETE', '/v1/locations/fleeting'),
        create('photos', 'fleeting:ingest'),
      ]);
      expect([deleted.status, created.status]).toSatisfy(
        ([d, c]: number[]) => (d === 204 && c === 422) || (d === 409 && c === 201),
      );
      await config.call('DELETE', '/v1/buckets/photos');
      await config.call('DELETE', '/v1/locations/fleeting');
    }
  });

  it('moves with the endpoint of its location, which is then taken', async () => {
    const { port } = new URL(testServers().connector.endpoint);
    await create('photos', 'one:ingest');
    const details = { endpoint: `http://localhost:${port}` };
    const moved = await config.call('PATCH', '/v1/locations/one', { body: { details } });
    expect(moved.status, moved.text).toBe(200);
    const free = await create('others', 'also-one:ingest');
    expect(free.status).toBe(201);
    const back = await config.call('PATCH', '/v1/locations/one', {
      body: { details: { endpoint: testServers().connector.endpoint } },
    });
    expect(back.body).toMatchObject({ status: 409, code: 'BUCKET.TARGET_MIRRORED' });
    await config.call('DELETE', '/v1/buckets/others');
    const home = await config.call('PATCH', '/v1/locations/one', {
      body: { details: { endpoint: testServers().connector.endpoint } },
    });
    expect(home.status).toBe(200);
  });
});

describe('the internal calls for buckets', () => {
  it('create and detach, with the answers and problems of the public ones', async () => {
    const body = { name: 'photos', locationConstraint: 'one:ingest' };
    const created = await config.internalCall('POST', 'buckets', body);
    expect(created.status, created.text).toBe(201);
    expect((await config.call('GET', '/v1/buckets/photos')).body).toEqual(created.body);
    const again = await config.internalCall('POST', 'buckets', body);
    expect(again.body).toMatchObject({ status: 409, code: 'BUCKET.EXISTS' });
    const plain = await config.internalCall('POST', 'buckets', { name: 'others', locationConstraint: 'two' });
    expect(plain.body).toMatchObject({ status: 422, code: 'BUCKET.NOT_A_MIRROR' });
    const named = await config.internalCall('POST', 'buckets', { name: 'Bad_Name', locationConstraint: 'two:ingest' });
    expect(named.body).toMatchObject({ status: 400, code: 'REQUEST.INVALID_FIELD' });
    expect((await config.internalCall('DELETE', 'buckets/photos')).status).toBe(204);
    expect((await config.internalCall('DELETE', 'buckets/photos')).body).toMatchObject({ code: 'BUCKET.NOT_FOUND' });
  });

  it('are shut to API tokens', async () => {
    const { BOOTSTRAP_ADMIN_TOKEN: token } = config.env;
    expect((await config.internalCall('DELETE', 'buckets/photos', undefined, token)).status).toBe(401);
  });
});

describe('a detach', () => {
  afterEach(() => config.replication.say(uploadsAre({})));
  const calls = (mirrorId: string) =>
    config.replication.asked.filter((one) => one.includes(mirrorId)).map((one) => one.split('/uploads')[1]);

  it('is refused while uploads wait, and they go on to be accepted', async () => {
    const { body: bucket } = await create('photos', 'one:ingest');
    config.replication.say(uploadsAre({ waiting: 2, failed: 1 }));
    const refused = await config.call('DELETE', '/v1/buckets/photos');
    expect(refused.body).toMatchObject({ status: 409, code: 'BUCKET.UPLOADS_WAITING' });
    expect(refused.body.detail).toContain('3 operations');
    expect(refused.body.hint).toContain('abandonUploads=true');
    expect(calls(bucket.mirrorId)).toEqual(['/close', '/reopen']);
    const internal = await config.internalCall('DELETE', 'buckets/photos');
    expect(internal.body).toMatchObject({ status: 409, code: 'BUCKET.UPLOADS_WAITING' });
    expect((await config.call('DELETE', '/v1/buckets/photos?abandonUploads=false')).status).toBe(409);
    expect((await config.call('DELETE', '/v1/buckets/photos?abandonUploads=true')).status).toBe(204);
    expect(calls(bucket.mirrorId).slice(-1)).toEqual(['/close']); // and stay closed
  });

  it('is refused while nobody knows what waits, unless that is given up', async () => {
    await create('photos', 'one:ingest');
    config.replication.say(() => undefined);
    const refused = await config.call('DELETE', '/v1/buckets/photos');
    expect(refused.body).toMatchObject({ status: 503, code: 'BUCKET.UPLOADS_UNKNOWN' });
    expect(refused.body.hint).toContain('REPLICATION_URL');
    expect((await config.call('GET', '/v1/buckets/photos')).status).toBe(200);
    expect((await config.call('DELETE', '/v1/buckets/photos?abandonUploads=true')).status).toBe(204);
  });
});

describe('a pause', () => {
  const pause = (body?: object) => config.call('POST', '/v1/buckets/photos/pause', { body });
  const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

  it('lasts until somebody resumes it', async () => {
    await create('photos', 'one:ingest');
    expect((await pause()).body).toMatchObject({ paused: true, resumeAt: null });
    expect(await mirroring('one')).toBe('paused');
    expect((await pause({})).body).toMatchObject({ paused: true, resumeAt: null });
    const resumed = await config.call('POST', '/v1/buckets/photos/resume');
    expect(resumed.body).toMatchObject({ paused: false, resumeAt: null });
    expect((await config.call('POST', '/v1/buckets/photos/resume')).body).toEqual(resumed.body);
  });

  it('ends at its stored hour by itself', async () => {
    await create('photos', 'one:ingest');
    const resumeAt = inMs(1_500);
    expect((await pause({ resumeAt })).body).toMatchObject({ paused: true, resumeAt });
    await waitFor(async () => !(await config.call('GET', '/v1/buckets/photos')).body.paused, {
      what: 'the pause to end',
    });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(resumeAt));
  });

  it('does not end at an hour that was taken back', async () => {
    await create('photos', 'one:ingest');
    await pause({ resumeAt: inMs(1_200) });
    const later = inMs(3_600_000);
    expect((await pause({ resumeAt: later })).body).toMatchObject({ resumeAt: later });
    await create('others', 'two:ingest');
    const marker = inMs(1_500);
    await config.call('POST', '/v1/buckets/others/pause', { body: { resumeAt: marker } });
    await waitFor(async () => !(await config.call('GET', '/v1/buckets/others')).body.paused, {
      what: 'a later pause of another bucket to end',
    });
    expect((await config.call('GET', '/v1/buckets/photos')).body).toMatchObject({ paused: true, resumeAt: later });
  });

  it('is refused for an hour that has passed', async () => {
    await create('photos', 'one:ingest');
    const { body } = await pause({ resumeAt: '2020-01-01T00:00:00Z' });
    expect(body).toMatchObject({ status: 422, code: 'BUCKET.RESUME_IN_PAST' });
    expect(body.detail).toContain('resumeAt');
    expect((await config.call('GET', '/v1/buckets/photos')).body.paused).toBe(false);
  });

  it('and a resumption find no bucket that is not there', async () => {
    expect((await pause()).status).toBe(404);
    expect((await config.call('POST', '/v1/buckets/photos/resume')).status).toBe(404);
  });
});

describe('the status', () => {
  const owners: Owner[] = [];
  afterAll(() => Promise.all(owners.map((owner) => owner.stop())));

  it('has null and no zero while its owners are down', async () => {
    await create('photos', 'one:ingest');
    config.replication.say(() => undefined);
    const { status, body, text } = await config.call('GET', '/v1/buckets/photos/status');
    config.replication.say(uploadsAre({}));
    expect(status).toBe(200);
    expect(text).not.toMatch(/[:[]0\b/);
    expect(body).toMatchObject({ state: 'failing', uploads: null, lastError: { code: 'STATUS.POLLER_UNREACHABLE' } });
    expect(body.versions.mirrored).toBeNull();
    await config.call('POST', '/v1/buckets/photos/pause');
    expect((await config.call('GET', '/v1/buckets/photos/status')).body.state).toBe('paused');
    expect((await config.call('GET', '/v1/buckets/nothing/status')).status).toBe(404);
  });

  it('is what its owners say, asked with the service token', async () => {
    const poller = await startOwner({
      snapshot: { startedAt: '2030-01-01T00:00:00Z', completedAt: null, versionsListed: 3, versionsPerSecond: 1.5 },
      oldestUnappliedChangeAgeSeconds: null,
      oldestUnvisitedRangeAgeSeconds: 1,
      oldestDescriptionAgeSeconds: 1,
      lastFullPassAt: null,
      lastFullPassSeconds: null,
      removals: { candidates: 2, unlisted: 1, ledger: 4 },
      suspect: true,
      lastVerify: { startedAt: '2030-01-01T00:00:00Z', completedAt: null, versionsCompared: 3, differences: 1 },
      lastError: null,
      failing: false,
      more: 'than config knows',
    });
    const metadata = await startOwner({
      versions: { mirrored: 3, currentObjects: 2, deleteMarkers: 1, bytes: 30 },
    });
    owners.push(poller, metadata);
    const uploads = { waiting: 3, waitingBytes: 30, oldestAgeSeconds: 1.5, failed: 1 };
    const fresh = await startTestConfig({ POLLER_URL: poller.url, METADATA_URL: metadata.url });
    fresh.replication.say(uploadsAre({ waiting: 3, failed: 1 }));
    try {
      await fresh.call('POST', '/v1/locations', { body: locationOn(first.bucket, 'one') });
      const { body: bucket } = await fresh.call('POST', '/v1/buckets', {
        body: { name: 'photos', locationConstraint: 'one:ingest' },
      });
      const { body } = await fresh.call('GET', '/v1/buckets/photos/status');
      expect(body).toMatchObject({
        bucket: 'photos',
        location: 'one',
        mirrorId: bucket.mirrorId,
        state: 'suspect',
        versions: { mirrored: 3, currentObjects: 2, deleteMarkers: 1, bytes: 30 },
        removals: { candidates: 2, unlisted: 1, ledger: 4 },
        uploads,
        lastVerify: { startedAt: '2030-01-01T00:00:00Z', completedAt: null, versionsCompared: 3, differences: 1 },
        lastError: { code: 'MIRROR.SUSPECT' },
      });
      expect((await fresh.call('GET', '/v1/locations/one')).body.mirroring).toBe('suspect');
      const { SERVICE_TOKEN } = fresh.env;
      expect(poller.asked).toContain(`Bearer ${SERVICE_TOKEN} /internal/v1/mirrors/${bucket.mirrorId}/status`);
      expect(fresh.replication.asked).toContain(
        `Bearer ${SERVICE_TOKEN} /internal/v1/mirrors/${bucket.mirrorId}/uploads`,
      );
      expect(metadata.asked).toContain(`Bearer ${SERVICE_TOKEN} /internal/v1/mirrors/${bucket.mirrorId}/figures`);
    } finally {
      await fresh.stop();
    }
  });
});
