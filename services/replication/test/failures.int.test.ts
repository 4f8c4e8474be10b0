import { waitFor } from '@mirror/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestReplication } from './running-replication.js';

let replication: TestReplication;
beforeAll(async () => {
  replication = await TestReplication.start();
});
afterAll(() => replication.stop());
afterEach(() => replication.proxy.decide(() => 'pass'));

const failures = async () =>
  (await replication.internal('GET', `push-failures?mirrorId=${replication.mirrorId}`)).body.items;
const sizesOf = async (key: string) =>
  (await replication.listed()).filter((one) => one.key === key).map(({ size }) => size);
const denyPutsOf = (key: string) =>
  replication.proxy.decide(({ method, url }) =>
    method === 'PUT' && url.pathname.endsWith(`/${key}`) ? 'deny' : 'pass',
  );
const failed = (count: number) =>
  waitFor(async () => (await failures()).length === count, { what: `${count} failures to be listed` });

describe('an operation that the connector refuses, and no other', () => {
  it('fails, is listed with its reason, and holds its key; other keys go on', async () => {
    denyPutsOf('held');
    const first = await replication.client.put('held', '1');
    await replication.client.put('held', '22');
    await replication.client.delete('held');
    await replication.client.put('other', '333');
    await failed(1);
    expect(await failures()).toMatchObject([
      { id: first._id, key: 'held', operation: 'put', code: 'S3.ACCESS_DENIED', waitingBehind: 2, retries: 0 },
    ]);
    expect((await replication.internal('GET', `push-failures/${first._id}`)).body.hint).toContain('right');
    expect((await replication.internal('GET', 'push-failures/nothing')).status).toBe(404);
    await waitFor(async () => (await sizesOf('other')).length === 1, { what: 'the other key to arrive' });
    expect(await sizesOf('held')).toEqual([]);
    const figures = (await replication.internal('GET', `mirrors/${replication.mirrorId}/uploads`)).body;
    expect(figures).toMatchObject({ waiting: 2, waitingBytes: 2, failed: 1, lastError: null });
    expect(replication.failed).toMatchObject([{ operationId: first._id, code: 'S3.ACCESS_DENIED' }]);
  });

  it('goes on, with all that waited for it, when it is retried', async () => {
    replication.proxy.decide(() => 'pass');
    const [{ id }] = await failures();
    await replication.command('RetryRequested', [id]);
    await replication.settled();
    expect(await sizesOf('held')).toEqual([0, 2, 1]);
    expect(await failures()).toEqual([]);
  });

  it('is forgotten when it is discarded, and what waited for it goes on', async () => {
    denyPutsOf('discarded');
    const { _id, what } = await replication.client.put('discarded', '1');
    await replication.client.put('discarded', '22');
    await failed(1);
    replication.proxy.decide(() => 'pass');
    await replication.command('DiscardRequested', [_id]);
    await replication.settled();
    expect(await sizesOf('discarded')).toEqual([2]);
    expect(replication.completed.at(-2)).toMatchObject({ operationId: _id, outcome: 'discarded', versionId: null });
    const documents = await replication.namespace
      .versions(replication.mirrorId)
      .find({ '_id.k': 'discarded' })
      .toArray();
    expect(documents.map(({ _id: { v } }) => v)).not.toContain(what.versionId);
  });

  it('fails again when it is retried in vain; a command to retry all means every one', async () => {
    replication.proxy.decide(({ method, url }) =>
      method === 'PUT' && url.pathname.includes('/all-') ? 'deny' : 'pass',
    );
    await Promise.all(['all-1', 'all-2', 'all-3'].map((key) => replication.client.put(key, 'x')));
    await failed(3);
    await replication.command('RetryRequested', null);
    await waitFor(async () => (await failures()).every(({ retries }: { retries: number }) => retries === 1), {
      what: 'all to be tried again',
    });
    await failed(3);
    replication.proxy.decide(() => 'pass');
    await replication.command('RetryRequested', null);
    await replication.settled();
    expect(await failures()).toEqual([]);
  });
});

describe('a location that refuses everything', () => {
  it('fails no operation: nothing is pushed until it takes them again', async () => {
    replication.proxy.decide(() => 'deny');
    await Promise.all(['a', 'b', 'c'].map((key) => replication.client.put(`denied-${key}`, 'x')));
    const error = await replication.locationError();
    expect(error).toMatchObject({ code: 'S3.ACCESS_DENIED' });
    expect(await failures()).toEqual([]);
    replication.proxy.decide(() => 'pass');
    await replication.settled(60_000);
    expect(await sizesOf('denied-a')).toEqual([1]);
  });
});

describe('uploads that are closed for a detach', () => {
  it('accept nothing until they are opened again, and tell what waits', async () => {
    denyPutsOf('waits');
    await replication.client.put('waits', 'x');
    await failed(1);
    const uploads = `mirrors/${replication.mirrorId}/uploads`;
    expect((await replication.internal('POST', `${uploads}/close`)).body).toEqual({ waiting: 1 });
    await expect(replication.client.put('late', 'x')).rejects.toMatchObject({ code: 'MIRROR.CLOSED' });
    expect((await replication.internal('POST', `${uploads}/reopen`)).status).toBe(200);
    replication.proxy.decide(() => 'pass');
    await replication.client.put('late', 'x');
    await replication.command('RetryRequested', null);
    await replication.settled();
    expect(await sizesOf('waits')).toEqual([1]);
  });
});
