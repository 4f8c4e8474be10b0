import { toKafkaMessage } from '@mirror/events';
import { waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, command, nextTime, TestMetadata } from './running-metadata.js';

interface Letter {
  readonly id: string;
  readonly key: string | null;
  readonly code: string;
  readonly retries: number;
}

let metadata: TestMetadata;
beforeAll(async () => {
  metadata = await TestMetadata.start();
  await metadata.mirror('BucketMirrored', 'photos', 'm1');
  await metadata.publish(changed('photos', 'm1', 'first'));
});
afterAll(() => metadata?.stop());

async function letters(query = 'mirrorId=m1'): Promise<Letter[]> {
  const { body } = await metadata.get(`dead-letters?${query}`);
  return (body as { items: Letter[] }).items;
}

/** Waits for so many letters. */
const kept = (count: number) =>
  waitFor(async () => (await letters()).length === count && letters(), { what: `${count} letters`, timeoutMs: 30_000 });

const retry = (ids: string[] | null, revision?: string) => command('RetryRequested', 'photos', 'm1', ids, revision);
const discard = (ids: string[] | null) => command('DiscardRequested', 'photos', 'm1', ids);

/** From now on MongoDB refuses documents of this size; null: none. */
async function refuseSize(size: number | null): Promise<void> {
  const validator = size === null ? {} : { size: { $ne: size } };
  await metadata.db.command({ collMod: 'versions.m1', validator });
}

describe('a dead letter', () => {
  it('tells what could not be applied and why, and the rest of the batch is applied', async () => {
    await refuseSize(666);
    await metadata.publish(
      changed('photos', 'm1', 'a'),
      changed('photos', 'm1', 'devil', { size: 666 }),
      changed('photos', 'm1', 'b'),
    );
    const [letter] = await kept(1);
    expect(await metadata.keys('m1')).toEqual(['a', 'b', 'first']);
    expect(letter).toMatchObject({
      bucket: 'photos',
      mirrorId: 'm1',
      key: 'devil',
      versionId: 'v1',
      code: 'CHANGE.REFUSED_BY_DATABASE',
      reason: expect.stringContaining('validation'),
      retries: 0,
      lastTriedAt: null,
      event: { type: 'ObjectChanged', data: { key: 'devil', size: 666 } },
    });
    expect(letter?.id).toMatch(
      new RegExp(`^${metadata.kafka.topicName({ name: 'zenko.object-changes.v1' } as never)}:\\d:\\d+$`),
    );
    expect((await metadata.get(`dead-letters/${letter?.id}`)).body).toEqual(letter);
    expect((await metadata.get('dead-letters/unknown:0:0')).status).toBe(404);
  });

  it('that fails again stays, with its new reason', async () => {
    await metadata.command(retry(null));
    const [letter] = await letters();
    expect(letter).toMatchObject({ key: 'devil', code: 'CHANGE.REFUSED_BY_DATABASE', retries: 1 });
  });

  it('is applied like a live event when it can be, counted, and gone', async () => {
    await metadata.namespace.segments.insertOne({ _id: { m: 'm1', a: '' }, writes: 7, figures: null } as never);
    expect((await metadata.get('mirrors/m1/figures')).body).toMatchObject({ versions: { mirrored: 3 } });
    await refuseSize(null);
    const [letter] = await letters();
    await metadata.command(retry([letter?.id ?? '']));
    expect(await letters()).toEqual([]);
    expect(await metadata.keys('m1')).toEqual(['a', 'b', 'devil', 'first']);
    expect(await metadata.namespace.segments.findOne({})).toMatchObject({ writes: 8 });
    expect((await metadata.get('mirrors/m1/figures')).body).toMatchObject({ versions: { mirrored: 4, bytes: 675 } });
  });

  it('that is older than what was applied since changes nothing, and is gone', async () => {
    await refuseSize(667);
    await metadata.publish(changed('photos', 'm1', 'a', { size: 667, etag: 'older' }));
    await kept(1);
    await metadata.publish(changed('photos', 'm1', 'a', { size: 5, etag: 'newer' }));
    await refuseSize(null);
    await metadata.command(retry(null));
    expect(await letters()).toEqual([]);
    expect((await metadata.documents('m1'))[0]).toMatchObject({ etag: 'newer', size: 5 });
  });

  it('that is too old, or cannot be read, stays until it is discarded', async () => {
    await metadata.send(changed('photos', 'm1', 'old', {}, 15));
    const good = toKafkaMessage(changed('photos', 'm1', 'poison'));
    await metadata.sendRaw({ ...good, value: '{ "mirrorId": ' });
    await metadata.sendRaw({ ...good, value: JSON.stringify({ mirrorId: 'm1', bucket: 'photos', key: 'half' }) });
    const before = await kept(3);
    await metadata.command(retry(null));
    const after = await letters();
    const codes = Object.fromEntries(after.map(({ key, code, retries }) => [key, `${code} ${retries}`]));
    expect(codes).toEqual({ old: 'CHANGE.TOO_OLD 1', poison: 'EVENT.MALFORMED 1', half: 'EVENT.MALFORMED 1' });
    await metadata.command(discard([before[0]?.id ?? '']));
    expect((await letters()).map(({ id }) => id)).toEqual(before.slice(1).map(({ id }) => id));
    await metadata.command(discard(null));
    expect(await letters()).toEqual([]);
    expect(await metadata.keys('m1')).not.toContain('old');
  });

  it('is listed in pages', async () => {
    await metadata.send(...['1', '2', '3'].map((key) => changed('photos', 'm1', key, {}, 15)));
    const all = (await kept(3)).map(({ id }) => id);
    const first = (await metadata.get('dead-letters?limit=2')).body as { items: Letter[]; next: string };
    expect(first.items.map(({ id }) => id)).toEqual(all.slice(0, 2));
    expect(first.next).toBe(all[1]);
    const rest = await metadata.get(`dead-letters?limit=2&after=${encodeURIComponent(first.next)}`);
    expect(rest.body).toMatchObject({ items: [{ id: all[2] }], next: null });
    expect(await letters('mirrorId=other')).toEqual([]);
  });

  it('of no mirror that is alive is nobody’s failure', async () => {
    await metadata.sendRaw({ key: 'nowhere/a', value: 'no event' });
    await metadata.sendRaw({ key: null, value: null });
    await metadata.caughtUp();
    expect(await letters('limit=100')).toHaveLength(3);
  });
});

describe('a command', () => {
  it('is done once: at or below the last done revision it is ignored', async () => {
    const all = await kept(3);
    const revision = nextTime();
    await metadata.command(retry([all[0]?.id ?? ''], revision));
    await metadata.command(retry(null, revision), retry(null, `${BigInt(revision) - 1n}`));
    expect((await letters()).map(({ retries }) => retries)).toEqual([1, 0, 0]);
  });

  it('for another life of the bucket is ignored', async () => {
    await metadata.command(command('DiscardRequested', 'photos', 'm0', null));
    expect(await letters()).toHaveLength(3);
  });
});

it('nothing changes when every topic is replayed from its start, the dead letters included', async () => {
  await metadata.command(discard([(await letters())[0]?.id ?? '']));
  const state = async () => ({
    documents: await metadata.documents('m1'),
    letters: await metadata.db.collection('deadLetters').find().sort({ _id: 1 }).toArray(),
    done: await metadata.db.collection('metadataCommands').find().toArray(),
  });
  const before = await state();
  expect(before.letters.filter(({ open }) => open)).toHaveLength(2);
  await metadata.replayEverything();
  expect(await state()).toEqual(before);
});
