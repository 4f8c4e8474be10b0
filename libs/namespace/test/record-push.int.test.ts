import { type FreshDatabase, freshDatabase } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  findLatest,
  findVersion,
  isArrival,
  listObjectVersions,
  Namespace,
  recordArrivals,
  recordPush,
  resolveVersion,
  type Segment,
  uploadFigures,
} from '../src/index.js';
import { allDocuments, Client, discarded, doneAs } from './accepting.js';

let database: FreshDatabase;
let namespace: Namespace;
let mirrors = 0;

beforeAll(async () => {
  database = await freshDatabase('record');
  namespace = new Namespace(database.db);
});
afterAll(() => database.drop());

async function freshClient(): Promise<Client> {
  mirrors += 1;
  const mirrorId = `m${mirrors}`;
  await namespace.segments.insertOne({ _id: { m: mirrorId, a: '' }, writes: 0, figures: null } as unknown as Segment);
  return Client.of(namespace, mirrorId);
}

/** With others: with one whose operation is not there. */
const ways: [string, typeof recordPush][] = [
  ['alone', recordPush],
  [
    'with others',
    async (into, completed) => {
      if (!isArrival(completed)) return recordPush(into, completed);
      const other = { ...completed, key: `${completed.key} other`, operationId: 'unknown' };
      const together = recordArrivals(into, completed.mirrorId, [other, completed]);
      return together.then(
        (count) => count === 1,
        () => recordPush(into, completed), // somebody else was at it
      );
    },
  ],
];

describe.each(ways)('an upload that has arrived, recorded %s', (_way, record) => {
  it('becomes the connector’s version: before all that were known of its key, its facts provisional', async () => {
    const client = await freshClient();
    await client.listed('a', 'old', { place: -2 });
    const put = await client.put('a', 'one');
    const later = await client.put('a', 'two');
    expect(await record(namespace, doneAs(put, 'c1'))).toBe(true);
    const { pending: _, ...recorded } = (await findVersion(client.versions, 'a', 'c1')) ?? {};
    expect(recorded).toMatchObject({ live: true, place: -3, etag: 'etag-one', aliases: ['client-one'] });
    expect((await findLatest(client.versions, 'a'))?._id.v).toBe(later.what.versionId);
    expect(await uploadFigures(namespace, client.mirrorId)).toMatchObject({ waiting: 1 });
    await client.listed('a', 'c1', { place: -9, etag: 'etag-one' });
    expect(await findVersion(client.versions, 'a', 'client-one')).toMatchObject({ place: -9, size: 9 });
  });

  it('is stamped when it is recorded: what was observed before changes nothing', async () => {
    const client = await freshClient();
    const put = await client.put('a', 'one');
    await record(namespace, doneAs(put, 'c1'));
    const recorded = await findVersion(client.versions, 'a', 'c1');
    expect(recorded?.listedAt.greaterThan(put.acceptedAt)).toBe(true);
  });

  it('is merged into what a listing has made of it meanwhile, the facts of which stay', async () => {
    const client = await freshClient();
    const put = await client.put('a', 'one');
    await client.listed('a', 'c1', { place: 4, etag: 'etag-one' });
    await record(namespace, doneAs(put, 'c1'));
    expect(await client.versions.countDocuments()).toBe(1);
    expect(await findVersion(client.versions, 'a', 'client-one')).toMatchObject({
      _id: { v: 'c1' },
      place: 4,
      size: 9,
      description: { contentType: 'text/client' },
    });
  });

  it('keeps what HEAD has said of it already', async () => {
    const client = await freshClient();
    const put = await client.put('a', 'one');
    await client.listed('a', 'c1');
    await client.described('a', 'c1', {});
    await record(namespace, doneAs(put, 'c1'));
    const found = await findVersion(client.versions, 'a', 'c1');
    expect(found?.description?.contentType).toBe('text/connector');
  });

  it('is not brought back where it was removed meanwhile', async () => {
    const client = await freshClient();
    const put = await client.put('a', 'one');
    await client.removed('a', 'c1');
    await record(namespace, doneAs(put, 'c1'));
    expect(await findLatest(client.versions, 'a')).toBeNull();
    expect(await client.versions.find().toArray()).toMatchObject([
      { _id: { v: 'c1' }, live: false, aliases: ['client-one'] },
    ]);
  });

  it('said twice changes nothing the second time, nor does it insert what was removed since', async () => {
    const client = await freshClient();
    const put = await client.put('a', 'one');
    await record(namespace, doneAs(put, 'c1'));
    const before = await allDocuments(client);
    expect(await record(namespace, doneAs(put, 'c1'))).toBe(false);
    expect(await allDocuments(client)).toEqual(before);
    await client.versions.deleteMany({});
    await record(namespace, doneAs(put, 'c1'));
    expect(await allDocuments(client)).toEqual([]);
  });

  it('said twice at once is recorded once', async () => {
    const client = await freshClient();
    const put = await client.put('a', 'one');
    const answers = await Promise.all([1, 2, 3, 4].map(() => record(namespace, doneAs(put, 'c1'))));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await client.versions.countDocuments()).toBe(1);
  });

  it('goes where the connector lists nothing of it', async () => {
    const client = await freshClient();
    const marker = await client.deleteLatest('a');
    await record(namespace, doneAs(marker, null));
    expect(await allDocuments(client)).toEqual([]);
  });

  it('bumps the write counter of its key’s segment: confirmations from before are void', async () => {
    const client = await freshClient();
    const put = await client.put('a', 'one');
    await record(namespace, doneAs(put, 'c1'));
    expect(await namespace.segments.findOne({ '_id.m': client.mirrorId })).toMatchObject({ writes: 1, hash: null });
  });
});

describe('the version id that a client was given', () => {
  it('stays valid: to find the version, to go on behind it in a listing, to resolve it, to delete it', async () => {
    const client = await freshClient();
    await client.listed('a', 'old', { place: 1 });
    const put = await client.put('a', 'one');
    expect(await resolveVersion(client.versions, 'a', 'client-one')).toEqual({ kind: 'pending' });
    await recordPush(namespace, doneAs(put, 'c1'));
    expect((await findVersion(client.versions, 'a', 'client-one'))?._id.v).toBe('c1');
    expect(await resolveVersion(client.versions, 'a', 'client-one')).toEqual({ kind: 'live', versionId: 'c1' });
    const { entries } = await listObjectVersions(client.versions, {
      prefix: '',
      delimiter: '',
      after: 'a',
      afterVersionId: 'client-one',
      limit: 9,
    });
    expect(entries).toMatchObject([{ version: { _id: { v: 'old' } }, isLatest: false }]);
    const deleted = await client.deleteVersion('a', 'client-one');
    expect(deleted.operation.what.versionId).toBe('c1');
    await recordPush(namespace, doneAs(deleted.operation, 'c1'));
    expect(await resolveVersion(client.versions, 'a', 'client-one')).toEqual({ kind: 'gone' });
  });

  it('is no other key’s', async () => {
    const client = await freshClient();
    const put = await client.put('a', 'one');
    await recordPush(namespace, doneAs(put, 'c1'));
    expect(await findVersion(client.versions, 'b', 'client-one')).toBeNull();
  });
});

describe('what clients did to a pending version goes over to the connector’s', () => {
  it.each([{ faster: false }, { faster: true }])('its deletion and its tags, listing faster: $faster', async (one) => {
    const client = await freshClient();
    const put = await client.put('a', 'one');
    await namespace.pendingOperations.updateOne({ _id: put._id }, { $set: { begun: true } });
    const tag = await client.tag('a', 'client-one', { colour: 'blue' });
    const { operation } = await client.deleteVersion('a', 'client-one');
    if (one.faster) {
      await client.listed('a', 'c1');
      await client.described('a', 'c1', { colour: 'none' });
    }
    await recordPush(namespace, doneAs(put, 'c1'));
    expect(await findLatest(client.versions, 'a')).toBeNull();
    expect(await client.versions.findOne({ '_id.v': 'c1' })).toMatchObject({
      hidden: true,
      tagsPending: tag.sequence,
      description: { tags: [['colour', 'blue']] },
    });
    await recordPush(namespace, doneAs(tag, 'c1'));
    await recordPush(namespace, doneAs(operation, 'c1'));
    const [gone] = await client.versions.find().toArray();
    expect(gone).toMatchObject({ live: false, removedAt: expect.any(Date), aliases: ['client-one'] });
    expect(gone).not.toHaveProperty('hidden');
    expect(gone).not.toHaveProperty('tagsPending');
  });
});

describe('changed tags that have arrived', () => {
  it('are left to observations again, but not to those from before', async () => {
    const client = await freshClient();
    await client.listed('a', 'c1');
    await client.described('a', 'c1', { colour: 'red' });
    const first = await client.tag('a', 'c1', { colour: 'blue' });
    const second = await client.tag('a', 'c1', { colour: 'green' });
    await recordPush(namespace, doneAs(first, 'c1'));
    await client.described('a', 'c1', { colour: 'blue' });
    expect((await findVersion(client.versions, 'a', 'c1'))?.description?.tags).toEqual([['colour', 'green']]);
    await recordPush(namespace, doneAs(second, 'c1'));
    const recorded = await findVersion(client.versions, 'a', 'c1');
    expect(recorded?.describedAt?.greaterThan(second.acceptedAt)).toBe(true);
    await client.described('a', 'c1', { colour: 'black' });
    expect((await findVersion(client.versions, 'a', 'c1'))?.description?.tags).toEqual([['colour', 'black']]);
  });
});

describe('a version without an id of its own', () => {
  it('is not taken for deleted when another object took its place', async () => {
    const client = await freshClient();
    await client.listed('a', 'null');
    const { operation } = await client.deleteVersion('a', 'null');
    await client.listed('a', 'null', { etag: 'another' });
    await recordPush(namespace, doneAs(operation, null));
    expect(await findVersion(client.versions, 'a', 'null')).toMatchObject({ live: true, etag: 'another' });
  });
});

describe('a discarded operation', () => {
  it('leaves what was before it: no upload, the version visible again, its tags asked for anew', async () => {
    const client = await freshClient();
    await client.listed('a', 'c1');
    await client.described('a', 'c1', { colour: 'red' });
    const put = await client.put('a', 'one');
    const { operation } = await client.deleteVersion('a', 'c1');
    const tag = await client.tag('a', 'client-one', { colour: 'blue' });
    await recordPush(namespace, discarded(put));
    await recordPush(namespace, discarded(operation));
    await recordPush(namespace, discarded(tag));
    expect((await findLatest(client.versions, 'a'))?._id.v).toBe('c1');
    expect(await client.versions.countDocuments()).toBe(1);
    const tagged = await client.tag('a', 'c1', { colour: 'green' });
    await recordPush(namespace, discarded(tagged));
    const found = await findVersion(client.versions, 'a', 'c1');
    expect(found).toMatchObject({ describedAt: null });
    expect(found).not.toHaveProperty('tagsPending');
    await client.described('a', 'c1', { colour: 'red' });
    expect((await findVersion(client.versions, 'a', 'c1'))?.description?.tags).toEqual([['colour', 'red']]);
  });
});
