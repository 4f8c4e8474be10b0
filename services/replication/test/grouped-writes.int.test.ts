import { randomUUID } from 'node:crypto';
import { Namespace, type OperationOutcome } from '@mirror/namespace';
import { type FreshDatabase, freshDatabase } from '@mirror/testing';
import { Timestamp } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LeasedKey } from '../src/state/key-lease.js';
import type { Operation, PushAttempt } from '../src/state/push-attempt.js';
import { PushKeyStore } from '../src/state/push-key-store.js';
import { PushStore } from '../src/state/push-store.js';

const mirrorId = 'm1';
const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`);

let database: FreshDatabase;
let namespace: Namespace;
let store: PushStore;
beforeAll(async () => {
  database = await freshDatabase('grouped');
  namespace = new Namespace(database.db);
  store = new PushStore(namespace);
  await namespace.prepareUploads();
  await namespace.prepareMirror(mirrorId);
});
afterAll(() => database.drop());

async function accepted(): Promise<Operation[]> {
  await namespace.pendingOperations.deleteMany({});
  const operations = keys.map(
    (key): Operation => ({
      _id: randomUUID(),
      mirrorId,
      bucket: 'photos',
      key,
      sequence: 1,
      acceptedAt: new Timestamp({ t: 1, i: 1 }),
      acceptedDate: new Date(),
      what: { kind: 'deleteMarker', versionId: 'given' },
    }),
  );
  await namespace.pendingOperations.insertMany(operations);
  return operations;
}

const attempted = (): PushAttempt => ({ id: randomUUID(), begunAt: new Date(), known: [] });
const done = (versionId: string): OperationOutcome => ({ kind: 'done', versionId });
const isEven = (_: unknown, index: number): boolean => index % 2 === 0;

describe('operations that are begun together', () => {
  it('are told apart from those that were cancelled, failed or begun by somebody else meanwhile', async () => {
    const operations = await accepted();
    const [cancelled, failed, foreign] = operations;
    const { pendingOperations } = namespace;
    await pendingOperations.deleteOne({ _id: cancelled?._id ?? '' });
    const failure = { code: 'C', detail: 'd', hint: 'h', at: new Date() };
    await pendingOperations.updateOne({ _id: failed?._id ?? '' }, { $set: { failed: failure } });
    await pendingOperations.updateOne({ _id: foreign?._id ?? '' }, { $set: { begun: true, attempt: attempted() } });
    const begun = await Promise.all(operations.map((operation) => store.begin(operation, attempted())));
    expect(begun).toEqual(keys.map((_, index) => index > 2));
  });

  it('without an attempt of their own, too', async () => {
    const operations = await accepted();
    await namespace.pendingOperations.deleteOne({ _id: operations[7]?._id ?? '' });
    const begun = await Promise.all(operations.map((operation) => store.begin(operation)));
    expect(begun).toEqual(keys.map((_, index) => index !== 7));
  });
});

describe('outcomes that are stored together', () => {
  it('are stored once each: another one of the same operation is refused', async () => {
    const operations = await accepted();
    const evens = operations.filter(isEven);
    expect(await Promise.all(evens.map((one) => store.storeOutcome(one, done('first'))))).not.toContain(false);
    const again = await Promise.all(operations.map((one) => store.storeOutcome(one, done('second'))));
    expect(again).toEqual(operations.map((one, index) => !isEven(one, index)));
    const outcomes = (await store.operationsOf(mirrorId, 'key-0')).map(({ outcome }) => outcome);
    expect(outcomes).toEqual([done('first')]);
  });

  it('are not those of an attempt that another holder has begun anew', async () => {
    const operations = await accepted();
    const attempts = operations.map((operation) => ({ ...operation, attempt: attempted() }));
    await Promise.all(attempts.map(({ attempt, ...operation }) => store.begin(operation, attempt)));
    const overtaken = attempts.map((one, index) => (index === 3 ? { ...one, attempt: attempted() } : one));
    const stored = await Promise.all(overtaken.map((one) => store.storeOutcome(one, done('v'))));
    expect(stored).toEqual(keys.map((_, index) => index !== 3));
  });
});

describe('what is known of many keys', () => {
  it('is all that is not older, and whether one is from before versioning, however many a key has', async () => {
    const version = (k: string, v: string, place: number, over: object = {}) =>
      ({ _id: { k, v }, live: true, place, lastModified: new Date(place === 0 ? 9_000 : 1_000), ...over }) as never;
    const many = Array.from({ length: 450 }, (_, place) =>
      version('key-2', place === 449 ? 'null' : `m${place}`, place),
    );
    await namespace
      .versions(mirrorId)
      .insertMany([
        version('key-0', 'a', 0),
        version('key-0', 'null', 1),
        version('key-1', 'null', 0, { live: false }),
        version('key-1', 'given', -9, { pending: {} }),
        ...many,
        version('key-3', 'c', 0),
        version('key-4', 'pushed', 1, { aliases: ['given'] }),
      ]);
    const known = await Promise.all(keys.map((key) => store.knownVersions(mirrorId, key, new Date(5_000))));
    expect(known.slice(0, 5)).toEqual([
      { ids: ['a'], hasNull: true },
      { ids: [], hasNull: false },
      { ids: ['m0'], hasNull: true },
      { ids: ['c'], hasNull: false },
      { ids: ['pushed'], hasNull: false }, // its time is that of its acceptance
    ]);
    expect(await store.knownVersions(mirrorId, 'key-0', new Date(0))).toEqual({ ids: ['a', 'null'], hasNull: true });
  });
});

describe('keys that two processes want at once', () => {
  const [one, two] = ['one', 'two'].map((holder) => () => new PushKeyStore(database.db, holder));
  const takeAll = (keysOf: PushKeyStore | undefined) =>
    Promise.all(keys.map(async (key) => keysOf?.take(mirrorId, key)));
  const isTaken = (lease: LeasedKey | undefined): boolean => lease !== undefined;

  it('are one’s each, until they are released, and then know what was done', async () => {
    const [first, second] = [one?.(), two?.()];
    const [ofFirst, ofSecond] = await Promise.all([takeAll(first), takeAll(second)]);
    expect(keys.filter((_, index) => isTaken(ofFirst[index]) === isTaken(ofSecond[index]))).toEqual([]);
    const done4 = { sequence: 4, outcome: done('v4') };
    await Promise.all([...ofFirst, ...ofSecond].map((lease) => lease?.release(done4)));
    const then = await takeAll(second);
    expect(then.map((lease) => lease?.doneSequence)).toEqual(keys.map(() => 4));
    // A sequence that is lower than what is known does not take it back.
    await Promise.all(then.map((lease) => lease?.release({ sequence: 3, outcome: done('v3') })));
    const last = await takeAll(first);
    expect(last[0]).toMatchObject({ doneSequence: 4, outcome: done('v4') });
    await Promise.all(last.map((lease) => lease?.release()));
  });

  it('stay with the new holder whatever one writes that has lost its lease', async () => {
    const late = await takeAll(one?.());
    const expired = { $set: { leaseUntil: new Date(0) } };
    await database.db.collection<{ _id: { m: string } }>('pushKeys').updateMany({ '_id.m': mirrorId }, expired);
    const successors = await takeAll(two?.());
    expect(successors.every(isTaken)).toBe(true);
    await Promise.all(late.map((lease) => lease?.release({ sequence: 9, outcome: done('late') })));
    expect((await takeAll(one?.())).some(isTaken)).toBe(false);
    await Promise.all(successors.map((lease) => lease?.release()));
    const then = await takeAll(one?.());
    expect(then.map((lease) => lease?.doneSequence)).toEqual(keys.map(() => 4));
    await Promise.all(then.map((lease) => lease?.release()));
  });
});
