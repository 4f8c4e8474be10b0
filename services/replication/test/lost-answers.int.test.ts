import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { type Fate, type SeenRequest, setVersioning, waitFor } from '@mirror/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestReplication } from './running-replication.js';

let replication: TestReplication;
beforeAll(async () => {
  replication = await TestReplication.start();
});
afterAll(() => replication.stop());
afterEach(() => replication.proxy.decide(() => 'pass'));

const versionsOf = async (key: string) => (await replication.listed()).filter((one) => one.key === key);
const isPut = ({ method, url }: SeenRequest, key: string) => method === 'PUT' && url.pathname.endsWith(`/${key}`);

/** The first requests that are meant have this fate, all others pass. Answers how many had it. */
function fateOfFirst(times: number, fate: Fate, isMeant: (seen: SeenRequest) => boolean) {
  const met = { count: 0 };
  replication.proxy.decide((seen) => {
    if (met.count >= times || !isMeant(seen)) return 'pass';
    met.count += 1;
    return fate;
  });
  return met;
}

describe('an answer that was lost after the connector had done it all', () => {
  it('of a put: it is found, and there is one version', async () => {
    const met = fateOfFirst(1, 'cutAnswer', (seen) => isPut(seen, 'put'));
    const { what } = await replication.client.put('put', 'bytes', { description: { metadata: [['m', 'v']] } });
    await replication.settled();
    expect(met.count).toBe(1);
    const [version, ...others] = await versionsOf('put');
    expect(others).toEqual([]);
    const document = await replication.namespace.versions(replication.mirrorId).findOne({ '_id.k': 'put' });
    expect(document).toMatchObject({ _id: { v: version?.versionId }, aliases: [what.versionId] });
  });

  it('of a delete: there is one marker', async () => {
    await replication.client.put('marked', 'x');
    await replication.settled();
    fateOfFirst(1, 'cutAnswer', ({ method }) => method === 'DELETE');
    await replication.client.delete('marked');
    await replication.settled();
    expect((await versionsOf('marked')).map(({ kind }) => kind)).toEqual(['deleteMarker', 'version']);
  });

  it('of a delete that did nothing: the marker of the delete before, accepted long before it was made, is not taken for its own', async () => {
    await replication.client.put('twice', 'x');
    await replication.settled();
    await replication.stopService();
    await replication.client.delete('twice');
    await sleep(1_500); // accepted in another second than it is made
    await replication.startService();
    await replication.client.put('twice', 'y');
    await replication.settled();
    const met = fateOfFirst(1, 'cutRequest', ({ method }) => method === 'DELETE');
    await replication.client.delete('twice');
    await replication.settled();
    expect(met.count).toBe(1);
    expect((await versionsOf('twice')).map(({ kind }) => kind)).toEqual([
      'deleteMarker',
      'version',
      'deleteMarker',
      'version',
    ]);
  });

  it('of each request of a multipart upload: there is one version', async () => {
    const parts = [randomBytes(5 * 1024 * 1024), randomBytes(100)];
    const seen = new Set<string>();
    replication.proxy.decide(({ method, url }) => {
      if (method === 'GET' || method === 'HEAD' || !url.pathname.endsWith('/multi')) return 'pass';
      const what = `${method} ${url.searchParams.has('uploads')} ${url.searchParams.get('partNumber')}`;
      if (seen.has(what)) return 'pass';
      seen.add(what);
      return 'cutAnswer';
    });
    await replication.client.put('multi', '', { parts });
    await replication.settled();
    expect(seen.size).toBe(4); // create, two parts, complete
    expect(await versionsOf('multi')).toHaveLength(1);
    expect((await replication.read('multi')).bytes.equals(Buffer.concat(parts))).toBe(true);
  });

  it('of several puts in a row of the same bytes: as many versions as uploads', async () => {
    const met = fateOfFirst(3, 'cutAnswer', (seen) => isPut(seen, 'same'));
    for (let upload = 0; upload < 4; upload++) await replication.client.put('same', 'the same');
    await replication.settled();
    expect(met.count).toBe(3);
    expect(await versionsOf('same')).toHaveLength(4);
  });

  it.each(['cutAnswer', 'cutRequest'] as const)(
    'of a put, while another client put the same bytes with other metadata: both are there (%s)',
    async (fate) => {
      const { bucket: Bucket, s3 } = replication.target;
      const key = `twins-${fate}`;
      fateOfFirst(1, fate, (seen) => isPut(seen, key));
      await replication.client.put(key, 'bytes', { description: { metadata: [['whose', 'ours']] } });
      await waitFor(async () => (await replication.pending({ 'attempt.endedAt': { $exists: true } })) === 1, {
        what: 'the attempt to end without an answer',
      });
      await s3.send(
        new PutObjectCommand({
          Bucket,
          Key: key,
          Body: 'bytes',
          ContentType: 'text/plain',
          Metadata: { whose: 'theirs' },
        }),
      );
      await replication.settled();
      const versions = await versionsOf(key);
      const owners = await Promise.all(
        versions.map(async ({ versionId }) => (await replication.read(key, versionId)).metadata),
      );
      // Ours is the older one where the connector had it already.
      const [ours, theirs] = [{ whose: 'ours' }, { whose: 'theirs' }];
      expect(owners).toEqual(fate === 'cutAnswer' ? [theirs, ours] : [ours, theirs]);
    },
  );

  it('is found though the mirror knows the version by a listing before', async () => {
    fateOfFirst(1, 'cutAnswer', (seen) => isPut(seen, 'listed'));
    await replication.client.put('listed', 'x');
    const [version] = await waitFor(
      async () => {
        const found = await versionsOf('listed');
        return found.length > 0 && found;
      },
      { what: 'the version to be at the connector' },
    );
    expect(await replication.pending({ key: 'listed', outcome: { $exists: false } })).toBe(1);
    await replication.observe(version);
    await replication.settled();
    expect(await versionsOf('listed')).toHaveLength(1);
    const documents = await replication.namespace.versions(replication.mirrorId).find({ '_id.k': 'listed' }).toArray();
    expect(documents).toHaveLength(1);
    expect(documents[0]).toMatchObject({ _id: { v: version?.versionId }, live: true });
  });
});

describe('a service that was killed in the middle of a push', () => {
  it('looks for what it may have left, and pushes nothing twice', async () => {
    await replication.stopService();
    const { _id } = await replication.client.put('orphan', 'x', { description: { contentType: 'text/plain' } });
    const begunAt = new Date(Date.now() - 1_000);
    // What the killed one had stored, and what it had sent.
    await replication.namespace.pendingOperations.updateOne(
      { _id },
      { $set: { begun: true, attempt: { id: 'of the killed one', begunAt, known: [] } } },
    );
    const { bucket: Bucket, s3 } = replication.target;
    await s3.send(new PutObjectCommand({ Bucket, Key: 'orphan', Body: 'x', ContentType: 'text/plain' }));
    await replication.startService();
    await replication.settled();
    expect(await versionsOf('orphan')).toHaveLength(1);
  });
});

describe('the connector stopped during operations', () => {
  it('gets all of them when it is back, in the order of each key, each once', async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `away-${index}`);
    await Promise.all(keys.slice(0, 10).map((key) => replication.client.put(key, 'first')));
    await replication.proxy.close();
    for (const key of keys) {
      await replication.client.put(key, 'second');
      await replication.client.delete(key);
      await replication.client.put(key, `last of ${key}`);
    }
    const status = await replication.internal('GET', `mirrors/${replication.mirrorId}/uploads`);
    expect(status.body.waiting).toBeGreaterThanOrEqual(60);
    await replication.locationError();
    await replication.proxy.reopen();
    await replication.settled(60_000);
    const listed = await replication.listed();
    for (const [index, key] of keys.entries()) {
      const sizes = listed.filter((one) => one.key === key).map(({ kind, size }) => (kind === 'version' ? size : kind));
      const expected = [`last of ${key}`.length, 'deleteMarker', 'second'.length];
      expect(sizes, key).toEqual(index < 10 ? [...expected, 'first'.length] : expected);
    }
  });
});

describe('suspended versioning', () => {
  it('is noticed by a push that begins 30 s after it was seen enabled: nothing is overwritten', async () => {
    const { bucket, s3 } = replication.target;
    await replication.client.put('kept', 'before');
    await replication.settled();
    await setVersioning(s3, bucket, 'Suspended');
    await sleep(30_000);
    const writes = () => replication.proxy.seen.filter((seen) => isPut(seen, 'kept')).length;
    const written = writes();
    await replication.client.put('kept', 'after');
    const error = await replication.locationError();
    expect([error.code, writes()]).toEqual(['S3.VERSIONING_SUSPENDED', written]);
    await setVersioning(s3, bucket, 'Enabled');
    await replication.settled(60_000);
    expect(await versionsOf('kept')).toHaveLength(2);
  }, 120_000);

  it('lets nothing be pushed, the location says so, and all goes on when it is enabled', async () => {
    const { bucket, s3 } = replication.target;
    await replication.stopService();
    await setVersioning(s3, bucket, 'Suspended');
    await replication.startService();
    await replication.client.put('suspended', 'x');
    await replication.client.delete('put');
    const error = await replication.locationError();
    expect(error).toMatchObject({
      code: 'S3.VERSIONING_SUSPENDED',
      hint: expect.stringContaining('Enable versioning'),
    });
    expect(await versionsOf('suspended')).toEqual([]);
    await setVersioning(s3, bucket, 'Enabled');
    await replication.settled(60_000);
    expect(await versionsOf('suspended')).toHaveLength(1);
    expect((await versionsOf('put')).map(({ kind }) => kind)).toEqual(['deleteMarker', 'version']);
  });
});
