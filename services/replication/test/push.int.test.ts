import { randomBytes } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestReplication } from './running-replication.js';

let replication: TestReplication;
beforeAll(async () => {
  replication = await TestReplication.start();
});
afterAll(() => replication.stop());

const versionsOf = async (key: string) => (await replication.listed()).filter((one) => one.key === key);

describe('an upload', () => {
  it('arrives as the client gave it, with nothing of ours, and is recorded under the id that the connector gave', async () => {
    const description = {
      contentType: 'image/png',
      headers: [['cache-control', 'max-age=60'] as const],
      metadata: [['camera', 'X100'] as const, ['note', 'a, b; c'] as const],
      tags: [['team', 'red: blue/1 + 2'] as const, ['a', '1'] as const],
    };
    const body = randomBytes(300_000);
    const { what } = await replication.client.put('a/b c+d.png', body, { description });
    await replication.settled();
    const [version, ...others] = await versionsOf('a/b c+d.png');
    expect(others).toEqual([]);
    const found = await replication.read('a/b c+d.png');
    expect(found.bytes.equals(body)).toBe(true);
    expect(found).toMatchObject({
      contentType: 'image/png',
      cacheControl: 'max-age=60',
      metadata: { camera: 'X100', note: 'a, b; c' },
      tags: { team: 'red: blue/1 + 2', a: '1' },
    });
    const document = await replication.namespace.versions(replication.mirrorId).findOne({ '_id.k': 'a/b c+d.png' });
    expect(document).toMatchObject({ _id: { v: version?.versionId }, aliases: [what.versionId] });
    await waitFor(async () => (await replication.stagedFiles()).length === 0, { what: 'its staged bytes to go' });
    expect(await replication.database.db.collection('stagingIntents').countDocuments()).toBe(0);
  });

  it('of no bytes arrives as well', async () => {
    await replication.client.put('empty', '');
    await replication.settled();
    expect((await replication.read('empty')).bytes).toHaveLength(0);
  });

  it('in parts keeps their sizes, so that the ETag is the one that the client was told', async () => {
    const parts = [randomBytes(5 * 1024 * 1024), randomBytes(5 * 1024 * 1024 + 7), randomBytes(11)];
    const { what } = await replication.client.put('parts', '', { parts, description: { tags: [['t', 'v']] } });
    await replication.settled();
    const found = await replication.read('parts');
    expect(found.bytes.equals(Buffer.concat(parts))).toBe(true);
    expect(found.etag).toBe(`"${what.kind === 'put' && what.etag}"`);
    expect(found.tags).toEqual({ t: 'v' });
  });
});

describe('the operations of a key', () => {
  it('arrive in the order in which they were accepted, each once', async () => {
    const first = await replication.client.put('k', 'one');
    await replication.client.put('k', 'two');
    await replication.client.delete('k');
    const last = await replication.client.put('k', 'three');
    await replication.client.tag('k', last.what.versionId, { now: 'tagged' });
    await replication.client.tag('k', first.what.versionId, { first: 'tagged' });
    await replication.settled();
    const listed = await versionsOf('k');
    expect(listed.map(({ kind, size }) => `${kind} ${size}`)).toEqual([
      'version 5',
      'deleteMarker 0',
      'version 3',
      'version 3',
    ]);
    expect((await replication.read('k')).tags).toEqual({ now: 'tagged' });
    expect((await replication.read('k', listed.at(-1)?.versionId)).tags).toEqual({ first: 'tagged' });
  });

  it('delete the version that a client names by the id that it was given, and nothing else', async () => {
    const given = await replication.client.put('gone', 'one');
    await replication.client.put('gone', 'two');
    await replication.settled();
    await replication.client.deleteVersion('gone', given.what.versionId, { etag: '', lastModified: new Date() });
    await replication.settled();
    expect((await versionsOf('gone')).map(({ size }) => size)).toEqual([3]);
    expect((await replication.read('gone')).bytes.toString()).toBe('two');
  });

  it('are done when what they change is gone at the connector', async () => {
    const given = await replication.client.put('vanishes', 'x');
    await replication.settled();
    const [version] = await versionsOf('vanishes');
    await replication.target.s3.send(
      new DeleteObjectCommand({
        Bucket: replication.target.bucket,
        Key: 'vanishes',
        VersionId: version?.versionId,
      }),
    );
    await replication.client.tag('vanishes', given.what.versionId, { a: 'b' });
    await replication.client.deleteVersion('vanishes', given.what.versionId, { etag: '', lastModified: new Date() });
    await replication.settled();
    expect(await versionsOf('vanishes')).toEqual([]);
  });

  it('go on after the delete of a key that never existed', async () => {
    await replication.client.delete('never');
    await replication.client.put('after-never', 'x');
    await replication.settled();
    expect(await versionsOf('after-never')).toHaveLength(1);
  });
});

describe('the uploads topic, read again from its start', () => {
  it('pushes and deletes nothing', async () => {
    await replication.client.put('replayed', 'once');
    await replication.settled();
    const before = await replication.listed();
    const said = replication.proxy.seen.length;
    await replication.stopService();
    await replication.replayUploads();
    await replication.startService();
    await replication.client.put('after-replay', 'x');
    await waitFor(() => replication.uploadsConsumed(), { what: 'the topic to be read again', timeoutMs: 30_000 });
    await replication.settled();
    expect((await replication.listed()).filter(({ key }) => key !== 'after-replay')).toEqual(before);
    const writes = replication.proxy.seen.slice(said).filter(({ method }) => method !== 'GET' && method !== 'HEAD');
    expect(writes.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual([
      `PUT /${replication.target.bucket}/after-replay`,
    ]);
  });
});

describe('a pause', () => {
  it('holds pushes, and the gateway goes on accepting', async () => {
    await replication.stopService();
    await replication.sayMirror('MirrorPaused');
    await replication.startService(); // it knows of the pause before it begins
    const said = replication.proxy.seen.length;
    await replication.client.put('paused', 'x');
    await waitFor(() => replication.uploadsConsumed(), { what: 'the upload to be heard of', timeoutMs: 30_000 });
    const figures = await replication.internal('GET', `mirrors/${replication.mirrorId}/uploads`);
    expect(replication.proxy.seen.length).toBe(said);
    expect(figures.body).toMatchObject({ waiting: 1, waitingBytes: 1, failed: 0, lastError: null });
    await replication.sayMirror('MirrorResumed');
    await replication.settled();
    expect(await versionsOf('paused')).toHaveLength(1);
  });
});

it('puts made at the connector meanwhile are no concern of an upload', async () => {
  await replication.target.s3.send(
    new PutObjectCommand({ Bucket: replication.target.bucket, Key: 'both', Body: 'theirs' }),
  );
  await replication.client.put('both', 'ours');
  await replication.settled();
  expect((await versionsOf('both')).map(({ size }) => size)).toEqual([4, 6]);
});
