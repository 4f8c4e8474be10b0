import { randomUUID } from 'node:crypto';
import { type CloudEvent, topics } from '@mirror/events';
import type { EventBatch } from '@mirror/kafka';
import type { Namespace } from '@mirror/namespace';
import { createLogger } from '@mirror/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CommandConsumer } from '../src/consume-commands.js';
import type { ProgressStore } from '../src/state/progress-store.js';
import { RemovalLedger } from '../src/state/removal-ledger.js';
import { type OpenStores, openStores } from './open-stores.js';

let stores: OpenStores;
let progress: ProgressStore;
let ledger: RemovalLedger;
let namespace: Namespace;
let commands: CommandConsumer;
let mirrorId: string;

beforeAll(async () => {
  stores = await openStores('commands');
  ({ namespace, progress } = stores);
  ledger = new RemovalLedger(stores.db);
  commands = new CommandConsumer({ ...stores, ledger }, createLogger('test', 'silent'));
});
afterAll(() => stores?.close());

beforeEach(async () => {
  mirrorId = await stores.newMirror();
  await namespace.segments.insertOne({ _id: { m: mirrorId, a: '' }, writes: 0, hash: 'confirmed' } as never);
});

const envelope = { id: 'id', source: 'config', subject: 'photos', time: new Date().toISOString() };
const base = (revision: string) => ({ commandId: randomUUID(), revision, mirrorId, bucket: 'photos' });
const verify = (revision: string): CloudEvent => ({ ...envelope, type: 'VerifyRequested', data: base(revision) });
const accept = (revision: string, state: number): CloudEvent => ({
  ...envelope,
  type: 'RemovalsAccepted',
  data: { ...base(revision), ledger: state },
});

async function send(...events: CloudEvent[]): Promise<void> {
  const batch: EventBatch = {
    topic: topics.commands,
    partition: 0,
    events: events.map((event, index) => ({ event, offset: `${index}` })),
    firstOffset: '0',
    nextOffset: `${events.length}`,
  };
  expect(await commands.apply(batch)).toEqual([]);
}

/** Versions that a listing omits. */
const miss = (...numbers: number[]) =>
  ledger.add(
    mirrorId,
    numbers.map((n) => ({ _id: { k: `k${n}`, v: '1' } }) as never),
    '1',
  );
const segment = () => namespace.segments.findOne({ _id: { m: mirrorId, a: '' } });

describe('verify', () => {
  it('voids every confirmation of the mirror, and begins a report', async () => {
    await send(verify('5'));
    expect(await segment()).toMatchObject({ hash: null, writes: 1 });
    expect(await progress.read(mirrorId)).toMatchObject({
      verify: { completedAt: null, differences: 0 },
      doneRevision: '5',
    });
  });

  it('is done once, however often the topic is replayed (R2)', async () => {
    await send(verify('5'));
    const report = (await progress.read(mirrorId))?.verify;
    await send(verify('5'), verify('4'));
    expect((await progress.read(mirrorId))?.verify).toEqual(report);
    expect(await segment()).toMatchObject({ writes: 1 });
  });
});

describe('accept-removals', () => {
  it('covers the ledger up to the state it names, and ends every hold', async () => {
    await progress.holdRemovals(mirrorId);
    await miss(1, 2, 3, 4);
    await send(accept('7', 3));
    expect(await progress.read(mirrorId)).toMatchObject({ removalsHeldSince: null, target: null, doneRevision: '7' });
    expect(await ledger.totals(mirrorId, new Date())).toMatchObject({ candidates: 1 });
  });

  it('covers nothing that the ledger has not reached, though the command names it: the database was restored', async () => {
    await miss(1, 2);
    await send(accept('7', 4));
    await miss(3, 4);
    expect(await ledger.totals(mirrorId, new Date())).toMatchObject({ candidates: 2 });
  });
});

describe('a command', () => {
  it('of a mirror that is no more means nothing', async () => {
    await progress.forget(mirrorId);
    await send(verify('5'));
    expect(await segment()).toMatchObject({ hash: 'confirmed' });
  });

  it('for somebody else is left to them, and marks nothing done', async () => {
    const data = { ...base('9'), kind: 'event' as const, failureIds: null };
    await send({ ...envelope, type: 'RetryRequested', data });
    expect(await progress.read(mirrorId)).toMatchObject({ doneRevision: '0' });
  });
});
