import { type FreshDatabase, freshDatabase } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  closeUploads,
  findLatest,
  findVersion,
  fromTimestamp,
  mirrorFigures,
  Namespace,
  pendingOf,
  readLogicalClock,
  readRange,
  reopenUploads,
  type Segment,
  undescribedLatest,
  uploadEvent,
  uploadFigures,
} from '../src/index.js';
import { Client } from './accepting.js';

let database: FreshDatabase;
let namespace: Namespace;
let mirrors = 0;

beforeAll(async () => {
  database = await freshDatabase('accept');
  namespace = new Namespace(database.db);
});
afterAll(() => database.drop());

const freshClient = (): Promise<Client> => {
  mirrors += 1;
  return Client.of(namespace, `m${mirrors}`);
};
const outcomes = async (all: readonly Promise<unknown>[]) => {
  const settled = await Promise.allSettled(all);
  const failures = settled.flatMap((one) => (one.status === 'rejected' ? [String(one.reason.code ?? one.reason)] : []));
  return { won: settled.length - failures.length, failures: [...new Set(failures)] };
};

describe('an accepted put', () => {
  it('is the latest version of its key, before all of the connector, the newest first', async () => {
    const client = await freshClient();
    await client.listed('a', 'c1', { place: -5 });
    await client.put('a', 'one');
    await client.put('a', 'two');
    const documents = await client.versions.find({ '_id.k': 'a' }, { sort: { place: 1 } }).toArray();
    expect(documents.map(({ _id }) => _id.v)).toEqual(['client-two', 'client-one', 'c1']);
    expect(await findLatest(client.versions, 'a')).toMatchObject({
      etag: 'etag-two',
      size: 3,
      description: { contentType: 'text/client' },
      pending: { sequence: 2, content: { form: 'single' } },
    });
    expect((await pendingOf(namespace, client.mirrorId, 'a')).map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it('is stamped by the database’s clock, and so is its event', async () => {
    const client = await freshClient();
    const before = BigInt(await readLogicalClock(database.db));
    const operation = await client.put('a', 'one');
    const accepted = operation.acceptedAt.toBigInt();
    expect(accepted).toBeGreaterThan(before);
    expect(accepted).toBeLessThanOrEqual(BigInt(await readLogicalClock(database.db)));
    expect(Math.abs(operation.acceptedDate.getTime() - Date.now())).toBeLessThan(60_000);
    expect(uploadEvent(operation, 'gateway')).toMatchObject({
      id: operation._id,
      type: 'ObjectUploaded',
      subject: 'photos/a',
      data: { sequence: 1, metadata: { text: 'one' }, acceptedAt: fromTimestamp(operation.acceptedAt) },
    });
  });

  it('takes no part in the comparison, in what is to be described, nor in the figures', async () => {
    const client = await freshClient();
    const { mirrorId } = client;
    await namespace.segments.insertOne({ _id: { m: mirrorId, a: '' }, writes: 0, figures: null } as unknown as Segment);
    await client.listed('a', 'c1');
    await client.put('a', 'one');
    await client.put('b', 'two');
    expect((await readRange(namespace, mirrorId, '', null)).map(({ _id }) => _id.v)).toEqual(['c1']);
    expect((await undescribedLatest(namespace, mirrorId, '', null, 9)).map(({ _id }) => _id.v)).toEqual(['c1']);
    expect(await mirrorFigures(namespace, mirrorId)).toEqual({
      mirrored: 1,
      currentObjects: 1,
      deleteMarkers: 0,
      bytes: 9,
    });
    const figures = await uploadFigures(namespace, mirrorId);
    expect(figures).toMatchObject({ waiting: 2, waitingBytes: 6, failed: 0 });
    expect(figures.oldestAgeSeconds).toBeLessThan(60);
  });
});

describe('two operations on one key at once', () => {
  it('can’t both win: of 50 clients that ask for a key that nobody has, one does', async () => {
    const client = await freshClient();
    const attempts = Array.from({ length: 50 }, (_, index) =>
      client.put('a', `text ${index}`, (latest) => {
        if (latest !== null) throw Object.assign(new Error('there is one'), { code: 'PreconditionFailed' });
      }),
    );
    expect(await outcomes(attempts)).toEqual({ won: 1, failures: ['PreconditionFailed'] });
    expect(await client.versions.countDocuments()).toBe(1);
    expect(await namespace.pendingOperations.countDocuments({ mirrorId: client.mirrorId })).toBe(1);
  });

  it('have an order, without a gap, and the later one is the latest', async () => {
    const client = await freshClient();
    await Promise.all(Array.from({ length: 20 }, (_, index) => client.put('a', `text ${index}`)));
    const operations = await pendingOf(namespace, client.mirrorId, 'a');
    expect(operations.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect((await findLatest(client.versions, 'a'))?._id.v).toBe(operations.at(-1)?.what.versionId);
  });
});

describe('a detach that closes a mirror', () => {
  it('races what is being accepted: whatever is accepted is counted when it has closed, and nothing is afterwards', async () => {
    const client = await freshClient();
    const { mirrorId } = client;
    let accepted = 0;
    const begun = Promise.withResolvers<void>();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let index = 0; ; index += 1) {
        await client.put(`key ${writer} ${index}`, 'text');
        accepted += 1;
        if (accepted > 20) begun.resolve();
      }
    });
    const settled = outcomes(writers);
    await begun.promise;
    await closeUploads(namespace.uploadGates, mirrorId);
    const { waiting } = await uploadFigures(namespace, mirrorId);
    expect((await settled).failures).toEqual(['MIRROR.CLOSED']);
    expect(accepted).toBe(waiting);
    await expect(client.put('later', 'text')).rejects.toMatchObject({ code: 'MIRROR.CLOSED' });
    await reopenUploads(namespace.uploadGates, mirrorId);
    await client.put('later', 'text');
  });

  it('outlives the mirror’s documents: who has not heard of the detach does not begin them anew', async () => {
    const client = await freshClient();
    await client.put('a', 'one');
    await namespace.dropMirror(client.mirrorId);
    await expect(client.put('a', 'two')).rejects.toMatchObject({ code: 'MIRROR.CLOSED' });
    expect(await namespace.mirrorIds()).not.toContain(client.mirrorId);
    expect(await namespace.pendingOperations.countDocuments({ mirrorId: client.mirrorId })).toBe(0);
    expect(await namespace.keySequences.countDocuments({ '_id.m': client.mirrorId })).toBe(0);
  });
});

describe('a deleted version', () => {
  it('is invisible to clients at once, and there for the comparison', async () => {
    const client = await freshClient();
    await client.listed('a', 'old', { place: 1 });
    await client.listed('a', 'new', { place: 0 });
    expect(await client.deleteVersion('a', 'new')).toMatchObject({ kind: 'accepted', operation: { sequence: 1 } });
    expect(await findVersion(client.versions, 'a', 'new')).toBeNull();
    expect((await findLatest(client.versions, 'a'))?._id.v).toBe('old');
    const compared = await readRange(namespace, client.mirrorId, '', null);
    expect(compared.map(({ _id }) => _id.v)).toEqual(['new', 'old']);
    await client.listed('a', 'new', { place: 0.5 });
    expect(await findVersion(client.versions, 'a', 'new')).toBeNull();
  });

  it('stays visible where another object took its place under the id `null`', async () => {
    const client = await freshClient();
    await client.listed('a', 'null');
    await client.deleteVersion('a', 'null');
    await client.listed('a', 'null', { etag: 'another' });
    expect(await findVersion(client.versions, 'a', 'null')).toMatchObject({ etag: 'another' });
  });

  it('ends an upload whose push has not begun, or has failed, without a push', async () => {
    const client = await freshClient();
    const waiting = await client.put('a', 'one');
    const failed = await client.put('b', 'two');
    const failure = { code: 'S3.TOO_LARGE', detail: '', hint: '', at: new Date() };
    await namespace.pendingOperations.updateOne({ _id: failed._id }, { $set: { begun: true, failed: failure } });
    for (const { key, what } of [waiting, failed]) {
      expect(await client.deleteVersion(key, what.versionId)).toMatchObject({ kind: 'cancelled' });
      expect(await findLatest(client.versions, key)).toBeNull();
    }
    expect(await namespace.pendingOperations.countDocuments({ mirrorId: client.mirrorId })).toBe(0);
  });

  it('follows an upload whose push has begun', async () => {
    const client = await freshClient();
    const put = await client.put('a', 'one');
    await namespace.pendingOperations.updateOne({ _id: put._id }, { $set: { begun: true } });
    expect((await client.deleteVersion('a', 'client-one')).kind).toBe('accepted');
    expect(await findLatest(client.versions, 'a')).toBeNull();
    expect((await pendingOf(namespace, client.mirrorId, 'a')).map(({ what }) => what.kind)).toEqual([
      'put',
      'deleteVersion',
    ]);
  });

  it('races the begin of the push: either both end, or the delete follows', async () => {
    const client = await freshClient();
    for (let round = 0; round < 20; round += 1) {
      const key = `key ${round}`;
      const put = await client.put(key, 'one');
      const [deleted, begun] = await Promise.all([
        client.deleteVersion(key, 'client-one'),
        namespace.pendingOperations.updateOne({ _id: put._id }, { $set: { begun: true } }),
      ]);
      expect(begun.matchedCount).toBe(deleted.kind === 'cancelled' ? 0 : 1);
    }
  });
});

describe('changed tags', () => {
  it('are the client’s at once, and no observation overwrites them while they are pending', async () => {
    const client = await freshClient();
    await client.listed('a', 'c1');
    await client.described('a', 'c1', { colour: 'red' });
    const operation = await client.tag('a', 'c1', { colour: 'blue' });
    await client.described('a', 'c1', { colour: 'red' });
    await client.listed('a', 'c1', { place: 3 });
    expect(await findVersion(client.versions, 'a', 'c1')).toMatchObject({
      place: 3,
      description: { contentType: 'text/connector', tags: [['colour', 'blue']] },
      tagsPending: operation.sequence,
    });
  });

  it('are refused of a version that nobody described, unless the client’s side asked the connector itself', async () => {
    const client = await freshClient();
    await client.listed('a', 'c1');
    await expect(client.tag('a', 'c1', { colour: 'blue' })).rejects.toMatchObject({ code: 'VERSION.UNDESCRIBED' });
    const describedAs = { contentType: 'text/asked', headers: [], metadata: [], tags: [] };
    await client.accept('a', {
      versionId: 'c1',
      describedAs,
      decide: () => ({ kind: 'tag', versionId: 'c1', tags: [['colour', 'blue']] }),
    });
    expect(await findVersion(client.versions, 'a', 'c1')).toMatchObject({
      description: { contentType: 'text/asked', tags: [['colour', 'blue']] },
    });
  });
});

it('what `decide` throws leaves nothing: no operation, no version, no sequence used up', async () => {
  const client = await freshClient();
  const refused = client.put('a', 'one', () => {
    throw new Error('precondition');
  });
  await expect(refused).rejects.toThrow('precondition');
  expect(await client.versions.countDocuments()).toBe(0);
  expect((await client.put('a', 'two')).sequence).toBe(1);
});
