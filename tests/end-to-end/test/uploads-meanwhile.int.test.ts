import { createHash, randomBytes } from 'node:crypto';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import {
  type CuttingProxy,
  type FreshBucket,
  freshBucket,
  type SeenRequest,
  startCuttingProxy,
  testServers,
  waitFor,
} from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listHistory, runBothSides, type S3Access, s3Client, waitUntilEqual, waitUntilPushed } from '../src/index.js';
import { type DetachRound, raceDetach } from './detach-race.js';
import { connectorAccess, startTestSystem, type TestSystem } from './test-system.js';

const MIB = 1024 * 1024;

let running: TestSystem;
beforeAll(async () => {
  const poller = { REMOVAL_DELAY_SECONDS: '1', POLL_INTERVAL_MS: '200' };
  const replication = { UNKNOWN_OUTCOME_SECONDS: '3', PUSH_BYTES_PER_SECOND: String(2 * MIB) };
  running = await startTestSystem({ replications: 2, environment: { poller, replication } });
});
afterAll(() => running?.stop());

describe('a change at the connector to an object that was uploaded', { timeout: 120_000 }, () => {
  let target: FreshBucket;
  let gateway: S3Client;
  let mirror: S3Access;
  beforeAll(async () => {
    target = await freshBucket({ prefix: 'changed' });
    await running.system.mirror(target.bucket, connectorAccess(target.bucket));
    mirror = await running.system.gatewayAccess(target.bucket, 'writer');
    gateway = s3Client(mirror, 1);
    await running.system.waitUntilLive(target.bucket);
  });
  afterAll(async () => {
    gateway?.destroy();
    await target?.drop();
  });

  /** Uploads bytes as the versions of a key; answers the ids that the client was given, newest first, as they were. */
  async function upload(Key: string, ...bodies: string[]): Promise<string[]> {
    const given: string[] = [];
    for (const Body of bodies) {
      const command = new PutObjectCommand({ Bucket: target.bucket, Key, Body, Metadata: { of: Body } });
      given.unshift((await gateway.send(command)).VersionId ?? '');
    }
    await expectGood(Key, given, bodies.toReversed());
    await waitUntilPushed(running.system, target.bucket);
    await waitUntilRecorded(Key);
    await expectGood(Key, given, bodies.toReversed());
    await expectMarkers(Key, given);
    return given;
  }

  /** What is at the connector is the client's own version until its outcome is recorded (rule R12). */
  async function waitUntilRecorded(key: string): Promise<void> {
    const pending = running.db.collection('pendingOperations');
    const what = `the uploads of ${key} to be recorded`;
    await waitFor(async () => (await pending.countDocuments({ key })) === 0, { what, timeoutMs: 60_000 });
  }

  const connectorIds = async (key: string) =>
    ((await listHistory(target.s3, target.bucket, key)).get(key) ?? []).map(({ versionId }) => versionId);

  /** The ids that a client was given name the same bytes. */
  async function expectGood(Key: string, given: readonly string[], bodies: readonly string[]): Promise<void> {
    for (const [at, VersionId] of given.entries()) {
      const version = { Bucket: target.bucket, Key, VersionId };
      const { Body } = await gateway.send(new GetObjectCommand(version));
      expect(await Body?.transformToString()).toBe(bodies[at]);
      expect((await gateway.send(new HeadObjectCommand(version))).Metadata).toEqual({ of: bodies[at] });
    }
  }

  /** Behind the ids that a client was given a listing goes on with the versions of the key that are older. */
  async function expectMarkers(key: string, given: readonly string[], left = given): Promise<void> {
    const ids = await connectorIds(key);
    for (const [at, VersionIdMarker] of given.entries()) {
      const page = { Bucket: target.bucket, Prefix: key, KeyMarker: key, VersionIdMarker };
      const { Versions = [] } = await gateway.send(new ListObjectVersionsCommand(page));
      const older = given.slice(at + 1).filter((id) => left.includes(id)).length;
      expect(Versions.map(({ VersionId }) => VersionId)).toEqual(older === 0 ? [] : ids.slice(-older));
    }
  }

  const mirrored = () => waitUntilEqual(mirror, connectorAccess(target.bucket), 60_000);

  it('of its tags shows up, under the id that the client was given too', async () => {
    const [given = ''] = await upload('tagged', 'tagged');
    const [VersionId] = await connectorIds('tagged');
    const version = { Bucket: target.bucket, Key: 'tagged' };
    const Tagging = { TagSet: [{ Key: 'set', Value: 'there' }] };
    await target.s3.send(new PutObjectTaggingCommand({ ...version, VersionId, Tagging }));
    for (const id of [undefined, given, VersionId]) {
      const { TagSet } = await gateway.send(new GetObjectTaggingCommand({ ...version, VersionId: id }));
      expect(TagSet).toEqual(Tagging.TagSet);
    }
    await expectGood('tagged', [given], ['tagged']);
  });

  it('that overwrites it shows up, and its versions stay what they were', async () => {
    const given = await upload('overwritten', 'one', 'two');
    await target.s3.send(new PutObjectCommand({ Bucket: target.bucket, Key: 'overwritten', Body: 'theirs' }));
    await mirrored();
    const { Body } = await gateway.send(new GetObjectCommand({ Bucket: target.bucket, Key: 'overwritten' }));
    expect(await Body?.transformToString()).toBe('theirs');
    await expectGood('overwritten', given, ['two', 'one']);
    await expectMarkers('overwritten', given);
  });

  it('that hides it shows up, and its version stays what it was', async () => {
    const given = await upload('hidden', 'hidden');
    await target.s3.send(new DeleteObjectCommand({ Bucket: target.bucket, Key: 'hidden' }));
    await mirrored();
    expect(await statusOf('hidden')).toBe(404);
    await expectGood('hidden', given, ['hidden']);
    await expectMarkers('hidden', given);
  });

  it('that removes a version shows up: it is gone under both ids, and still a marker of listings', async () => {
    const given = await upload('removed', 'one', 'two', 'three');
    const [, VersionId = ''] = await connectorIds('removed');
    await target.s3.send(new DeleteObjectCommand({ Bucket: target.bucket, Key: 'removed', VersionId }));
    const [three = '', two = '', one = ''] = given;
    await waitFor(async () => (await statusOf('removed', two)) === 404, { what: 'it to be gone', timeoutMs: 60_000 });
    expect(await statusOf('removed', VersionId)).toBe(404);
    await mirrored();
    await expectGood('removed', [three, one], ['three', 'one']);
    await expectMarkers('removed', given, [three, one]);
  });

  it('that copies it shows up, with its metadata', async () => {
    const given = await upload('source', 'source');
    const CopySource = `${target.bucket}/source`;
    await target.s3.send(new CopyObjectCommand({ Bucket: target.bucket, Key: 'copy', CopySource }));
    await mirrored();
    const head = await gateway.send(new HeadObjectCommand({ Bucket: target.bucket, Key: 'copy' }));
    expect(head).toMatchObject({ Metadata: { of: 'source' }, ContentLength: 6 });
    await expectGood('source', given, ['source']);
  });

  async function statusOf(Key: string, VersionId?: string): Promise<number> {
    try {
      await gateway.send(new HeadObjectCommand({ Bucket: target.bucket, Key, VersionId }));
      return 200;
    } catch (error) {
      if (error instanceof S3ServiceException) return error.$metadata.httpStatusCode ?? 0;
      throw error;
    }
  }
});

describe('both sides write the same keys at the same time', () => {
  it('and list the same in the end, with every answered write there exactly once', async () => {
    const job = { seconds: 8, writesPerSecond: 25, keys: 12, report: () => {} };
    const { puts, deletes } = await runBothSides(running.system, testServers().connector, job);
    expect(puts + deletes).toBeGreaterThan(200);
    expect(deletes).toBeGreaterThan(20);
  }, 240_000);
});

describe('a detach that races uploads', () => {
  it('is refused, or they are: what was answered is at the connector', async () => {
    const target = await freshBucket({ prefix: 'detached' });
    const rounds: DetachRound[] = [];
    for (let round = 0; round < 24; round += 1) rounds.push(await raceDetach(running.system, target, round));
    await target.drop();
    const count = (isMeant: (round: DetachRound) => boolean) => rounds.filter(isMeant).length;
    expect(count(({ detached }) => detached)).toBeGreaterThan(0);
    expect(count(({ detached }) => !detached)).toBeGreaterThan(0);
    expect(count(({ answered, refused }) => answered > 0 && refused > 0)).toBeGreaterThan(0);
  }, 240_000);
});

describe('two replication processes that want one key', () => {
  let target: FreshBucket;
  let proxy: CuttingProxy;
  beforeAll(async () => {
    [target, proxy] = await Promise.all([
      freshBucket({ prefix: 'wanted' }),
      startCuttingProxy(testServers().connector.endpoint),
    ]);
    await running.system.mirror(target.bucket, { ...connectorAccess(target.bucket), endpoint: proxy.endpoint });
    await running.system.waitUntilLive(target.bucket);
  });
  afterAll(async () => {
    await proxy?.stop();
    await target?.drop();
  });

  it('push each version once, in order, though one is stopped amid a push for longer than its lease', async () => {
    const [zombie, other] = running.system.replications;
    if (!zombie || !other) throw new Error('there are no two');
    const mirror = await running.system.gatewayAccess(target.bucket, 'writer');
    const gateway = s3Client(mirror, 1);
    const object = { Bucket: target.bucket, Key: 'wanted' };
    const put = (Body: Buffer) => gateway.send(new PutObjectCommand({ ...object, Body }));
    const bodies = [randomBytes(8 * MIB), Buffer.from('second'), Buffer.from('third'), Buffer.from('last')] as const;
    const isPush = ({ method }: SeenRequest) => method === 'PUT';
    await other.stop();
    await put(bodies[0]);
    await waitFor(() => [...proxy.underWay].some(isPush), { what: 'the push to be under way', timeoutMs: 30_000 });
    process.kill(zombie.pid, 'SIGSTOP');
    try {
      expect([...proxy.underWay].filter(isPush)).toHaveLength(1);
      await put(bodies[1]);
      await gateway.send(new DeleteObjectCommand(object));
      await put(bodies[2]);
      await other.start();
      const pending = running.db.collection('pendingOperations');
      const pushed = async () => (await pending.countDocuments({ key: 'wanted' })) === 0;
      await waitFor(pushed, { what: 'the other one to push all', timeoutMs: 90_000 });
    } finally {
      process.kill(zombie.pid, 'SIGCONT');
    }
    await waitFor(() => ![...proxy.underWay].some(isPush), { what: 'the first one to give up', timeoutMs: 30_000 });
    await put(bodies[3]);
    await waitUntilPushed(running.system, target.bucket);
    const etags = bodies.map((body) => createHash('md5').update(body).digest('hex')).toReversed();
    const history = (await listHistory(target.s3, target.bucket)).get('wanted') ?? [];
    expect(history.map(({ etag }) => etag)).toEqual(etags.toSpliced(2, 0, ''));
    await waitUntilEqual(mirror, connectorAccess(target.bucket), 60_000);
    gateway.destroy();
  }, 180_000);
});
