import type { MirroredVersion } from '@mirror/namespace';
import { type FreshDatabase, freshDatabase } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RemovalLedger } from '../src/state/removal-ledger.js';

let database: FreshDatabase;
let ledger: RemovalLedger;

beforeAll(async () => {
  database = await freshDatabase('removal-ledger');
  ledger = new RemovalLedger(database.db);
  await ledger.init();
});
afterAll(() => database.drop());

const version = (k: string, v = '1') => ({ _id: { k, v } }) as MirroredVersion;
const time = (seconds: number): string => (BigInt(seconds) << 32n).toString();

describe('RemovalLedger', () => {
  it('keeps the time of the first omission', async () => {
    await ledger.add('first', [version('a')], time(100));
    await ledger.add('first', [version('a'), version('b')], time(200));
    const ledgerOf = await ledger.read('first', [version('a'), version('b'), version('c')]);
    expect(ledgerOf(version('a'))).toMatchObject({ state: 'missing', missedAt: time(100) });
    expect(ledgerOf(version('b'))).toMatchObject({ missedAt: time(200) });
    expect(ledgerOf(version('c'))).toBeUndefined();
  });

  it('asks about an unlisted version again after a time that doubles', async () => {
    const now = new Date();
    await ledger.add('unlisted', [version('a')], time(100));
    const delays: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await ledger.markUnlisted('unlisted', version('a'), now);
      const candidate = (await ledger.read('unlisted', [version('a')]))(version('a'));
      expect(candidate).toMatchObject({ state: 'unlisted' });
      delays.push(((candidate?.askAgainAt.getTime() ?? 0) - now.getTime()) / 1000);
    }
    expect(delays).toEqual([30, 60, 120]);
    expect(await ledger.counts('unlisted')).toMatchObject({ candidates: 0, unlisted: 1 });
  });

  it('lets go of what a listing of its range shows again, and of nothing else', async () => {
    await ledger.add('settle', [version('a'), version('m'), version('m', '2'), version('n')], time(100));
    expect(await ledger.settle('settle', 'a', 'm', [version('m', '2')])).toBe(1);
    const all = [version('a'), version('m'), version('m', '2'), version('n')];
    const ledgerOf = await ledger.read('settle', all);
    expect(all.map((one) => ledgerOf(one) !== undefined)).toEqual([true, false, true, true]);
  });

  it('forgets one mirror, and no other', async () => {
    await ledger.add('here', [version('a')], time(1));
    await ledger.add('there', [version('a')], time(1));
    await ledger.forget('here');
    expect(await ledger.counts('here')).toMatchObject({ candidates: 0 });
    expect(await ledger.counts('there')).toMatchObject({ candidates: 1 });
  });

  it('adds up candidates and the removals of the last hour against the versions an hour ago', async () => {
    const minutes = (count: number) => new Date(Date.parse('2026-01-02T10:00:30Z') + count * 60_000);
    await ledger.sample('totals', 1_000, minutes(-90));
    await ledger.sample('totals', 900, minutes(-61));
    await ledger.sample('totals', 800, minutes(-30));
    const [old, young, candidate] = [version('old'), version('young'), version('candidate')];
    await ledger.add('totals', [old, young, candidate], time(1));
    await ledger.markRemoving('totals', [old], minutes(-70));
    await ledger.markRemoving('totals', [young], minutes(-10));
    await ledger.markRemoving('totals', [young], minutes(-9)); // published again: counted once
    expect(await ledger.totals('totals', minutes(0))).toEqual({
      candidates: 1,
      removedLastHour: 1,
      versionsAnHourAgo: 900,
    });
  });

  it('takes the oldest count for the hour ago while the mirror is young', async () => {
    await ledger.sample('young', 500, new Date());
    await ledger.sample('young', 5, new Date());
    expect(await ledger.totals('young', new Date())).toMatchObject({ versionsAnHourAgo: 500 });
  });

  it('counts no more what the operator accepted, and counts what came after', async () => {
    const now = new Date();
    await ledger.add('accepted', [version('a'), version('b')], time(1));
    await ledger.markRemoving('accepted', [version('a')], now);
    const { ledger: state } = await ledger.counts('accepted');
    await ledger.add('accepted', [version('c')], time(2));
    await ledger.accept('accepted', state);
    expect(await ledger.totals('accepted', now)).toMatchObject({ candidates: 1, removedLastHour: 0 });
    const ledgerOf = await ledger.read('accepted', [version('b'), version('c')]);
    expect([version('b'), version('c')].map((one) => ledgerOf(one)?.accepted)).toEqual([true, false]);
    await ledger.markRemoving('accepted', [version('b'), version('c')], now);
    expect(await ledger.totals('accepted', now)).toMatchObject({ candidates: 0, removedLastHour: 1 });
  });
});
