import { type FreshDatabase, freshDatabase, waitFor } from '@mirror/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RelayLease } from '../src/relay-lease.js';

let database: FreshDatabase;
const newLease = (holder: string, leaseMs: number) => new RelayLease(database.db, 'outbox', holder, leaseMs);
const epoch = async () => (await database.db.collection<{ epoch: number }>('outbox.lease').findOne())?.epoch;

beforeEach(async () => {
  database = await freshDatabase('lease');
});
afterEach(() => database.drop());

it('is held by one of many that ask at once', async () => {
  const leases = Array.from({ length: 8 }, (_, index) => newLease(`holder-${index}`, 60_000));
  const taken = await Promise.all(leases.map((lease) => lease.take()));
  expect(taken.filter((one) => one)).toHaveLength(1);
  expect(leases.map(({ held }) => held)).toEqual(taken);
});

it('is prolonged by its holder, and that is no change of holder', async () => {
  const lease = newLease('a', 60_000);
  expect([await lease.take(), await lease.take(), await lease.keep()]).toEqual([true, true, true]);
  expect(await epoch()).toBe(1);
});

it('goes to the next when it was released', async () => {
  const [a, b] = [newLease('a', 60_000), newLease('b', 60_000)];
  await a.take();
  expect(await b.take()).toBe(false);
  await a.release();
  expect(a.held).toBe(false);
  expect(await b.take()).toBe(true);
  expect(await a.take()).toBe(false);
  expect(await epoch()).toBe(2);
});

it('goes to the next when its holder was silent for too long, who stopped to believe in it before', async () => {
  const [a, b] = [newLease('a', 600), newLease('b', 60_000)];
  await a.take();
  let believed = true;
  const watched = waitFor(() => !a.held, { what: 'the holder to doubt', intervalMs: 1 }).then(() => {
    believed = false;
  });
  await waitFor(() => b.take(), { what: 'the lease', intervalMs: 5 });
  expect(believed).toBe(false);
  await watched;
  expect(await a.take()).toBe(false);
});

it('is not released by somebody who does not hold it', async () => {
  const [a, b] = [newLease('a', 60_000), newLease('b', 60_000)];
  await a.take();
  await b.release();
  expect(await b.take()).toBe(false);
});
