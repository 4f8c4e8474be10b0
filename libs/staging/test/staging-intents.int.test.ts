import { randomUUID } from 'node:crypto';
import { type FreshDatabase, freshDatabase, waitFor } from '@mirror/testing';
import type { ClientSession } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StagingIntents } from '../src/index.js';

let database: FreshDatabase;
let intents: StagingIntents;

beforeAll(async () => {
  database = await freshDatabase('intents');
  intents = new StagingIntents(database.db);
  await intents.init();
});
beforeEach(async () => {
  await database.db.collection('stagingIntents').deleteMany({});
  await pending().deleteMany({});
});
afterAll(() => database.drop());

const pending = () => database.db.collection<{ _id: string }>('pendingOperations');

async function opened(uploadId?: string): Promise<string> {
  const stagedId = randomUUID();
  await intents.open({ stagedId, mirrorId: 'm1', bucket: 'photos', key: 'a', ...(uploadId && { uploadId }) });
  return stagedId;
}

async function inTransaction<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
  await using session = database.db.client.startSession();
  return await session.withTransaction(() => work(session), { writeConcern: { w: 'majority' } });
}

/** As the gateway does: the operation and its bytes in one transaction. */
const accept = (operationId: string, ...stagedIds: string[]) =>
  inTransaction(async (session) => {
    await pending().insertOne({ _id: operationId }, { session });
    await intents.commit(session, stagedIds, operationId);
  });

async function states(): Promise<Record<string, string>> {
  const all = await database.db.collection<{ _id: string; state: string }>('stagingIntents').find().toArray();
  return Object.fromEntries(all.map(({ _id, state }) => [_id, state]));
}

async function over(): Promise<string[]> {
  const found: string[] = [];
  for await (const page of intents.committedWithout(pending())) found.push(...page.map(({ _id }) => _id));
  return found;
}

describe('an intent', () => {
  it('is committed with the operation, or not at all', async () => {
    const [one, two] = [await opened(), await opened()];
    await intents.abandon([two]);
    await expect(accept('o1', one, two)).rejects.toMatchObject({ name: 'PermanentError', code: 'STAGING.ABANDONED' });
    expect(await states()).toEqual({ [one]: 'open', [two]: 'abandoned' });
    expect(await pending().countDocuments()).toBe(0);
    await accept('o1', one);
    expect(await states()).toEqual({ [one]: 'committed', [two]: 'abandoned' });
  });

  it('is committed once: the bytes of one operation are no other’s', async () => {
    const one = await opened();
    await accept('o1', one);
    await expect(accept('o2', one)).rejects.toMatchObject({ code: 'STAGING.ABANDONED' });
  });

  it('is either committed or abandoned when both are tried at once', async () => {
    for (let round = 0; round < 30; round += 1) {
      const stagedId = await opened();
      const operationId = `o ${round}`;
      const [accepted] = await Promise.allSettled([accept(operationId, stagedId), intents.abandonOlder(-1_000, 10)]);
      const isAccepted = accepted.status === 'fulfilled';
      expect((await states())[stagedId]).toBe(isAccepted ? 'committed' : 'abandoned');
      expect(await pending().countDocuments({ _id: operationId })).toBe(isAccepted ? 1 : 0);
    }
  });

  it('is abandoned when it is old and nobody came for it, by the database’s clock', async () => {
    const one = await opened();
    expect(await intents.abandonOlder(60_000, 10)).toBe(0);
    await waitFor(async () => (await intents.abandonOlder(50, 10)) === 1, { what: 'it to be old' });
    expect((await intents.abandoned(10)).map(({ _id }) => _id)).toEqual([one]);
    await intents.remove([one]);
    expect(await states()).toEqual({});
  });

  it('opened again keeps what it was', async () => {
    const one = await opened();
    await intents.abandon([one]);
    await intents.open({ stagedId: one, mirrorId: 'm1', bucket: 'photos', key: 'a' });
    expect(await states()).toEqual({ [one]: 'abandoned' });
  });

  it('is committed in a transaction only', async () => {
    await using session = database.db.client.startSession();
    await expect(intents.commit(session, [], 'o1')).rejects.toMatchObject({ code: 'STAGING.NO_TRANSACTION' });
  });
});

describe('a part of a multipart upload', () => {
  it('that is registered with it stays, however old; one that is not is an orphan', async () => {
    const [registered, orphan] = [await opened('u1'), await opened('u1')];
    await inTransaction((session) => intents.attach(session, registered));
    await intents.abandonOlder(-1_000, 10);
    expect(await states()).toEqual({ [registered]: 'open', [orphan]: 'abandoned' });
    await expect(inTransaction((session) => intents.attach(session, orphan))).rejects.toMatchObject({
      code: 'STAGING.ABANDONED',
    });
  });

  it('goes with it, unless it was committed; parts of other uploads stay', async () => {
    const [used, unused, other] = [await opened('u1'), await opened('u1'), await opened('u2')];
    await accept('o1', used);
    await inTransaction((session) => intents.abandonUpload(session, 'u1'));
    expect(await states()).toEqual({ [used]: 'committed', [unused]: 'abandoned', [other]: 'open' });
  });
});

describe('what is committed', () => {
  it('is over when its operation is no longer pending, and not before', async () => {
    const [one, two, three] = [await opened(), await opened(), await opened()];
    await accept('o1', one, two);
    await accept('o2', three);
    expect(await over()).toEqual([]);
    await pending().deleteOne({ _id: 'o1' });
    expect((await over()).sort()).toEqual([one, two].sort());
  });

  it('is given up with its mirror', async () => {
    const one = await opened();
    await accept('o1', one);
    expect(await intents.mirrorIds()).toEqual(['m1']);
    expect(await intents.abandonMirror('m1')).toBe(1);
    expect(await states()).toEqual({ [one]: 'abandoned' });
  });

  it('is known, of those that are asked for', async () => {
    const one = await opened();
    expect(await intents.known([one, 'another'])).toEqual(new Set([one]));
  });
});
