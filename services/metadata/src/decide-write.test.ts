import type { ObjectChanged } from '@mirror/events';
import { describe, expect, it } from 'vitest';
import { decideWrite, intoRounds } from './decide-write.js';

const DAY = 86_400;
const time = (seconds: number): string => (BigInt(seconds) << 32n).toString();

function change(fields: Partial<ObjectChanged> = {}): ObjectChanged {
  return {
    mirrorId: 'm1',
    bucket: 'photos',
    key: 'a/b',
    versionId: 'v1',
    kind: 'version',
    isLatest: true,
    place: -3.5,
    size: 7,
    etag: 'abc',
    lastModified: '2026-01-02T03:04:05.678Z',
    storageClass: 'STANDARD',
    startedAt: time(100 * DAY),
    endedAt: time(100 * DAY + 1),
    ...fields,
  };
}

function writeOf(event: ObjectChanged) {
  const decision = decideWrite(event, 100 * DAY, 14 * DAY);
  if (decision.kind !== 'write') throw new Error(decision.reason);
  return decision.write;
}

describe('decideWrite', () => {
  it('turns a change into a put with every fact of the listing', () => {
    const write = writeOf(change());
    expect(write).toMatchObject({
      kind: 'put',
      id: { k: 'a/b', v: 'v1' },
      facts: { place: -3.5, size: 7, etag: 'abc' },
    });
    if (write.kind === 'describe') throw new Error('a description');
    expect(write.facts.lastModified.toISOString()).toBe('2026-01-02T03:04:05.678Z');
    expect(write.observed.startedAt.toBigInt()).toBe(BigInt(time(100 * DAY)));
  });

  it('turns a removal into a tombstone', () => {
    expect(writeOf(change({ kind: 'removal' })).kind).toBe('remove');
  });

  it('keeps a description with its own stamps, names with dots and dollars included', () => {
    const description = {
      contentType: null,
      headers: {},
      metadata: { '$a.b': 'c' },
      tags: {},
      describedFrom: time(5),
      describedAt: time(6),
    };
    expect(writeOf(change({ description }))).toMatchObject({
      described: { description: { metadata: [['$a.b', 'c']] } },
    });
  });

  it('takes an event that repeats a document’s own stamp for a description alone', () => {
    const stamps = { describedFrom: time(100 * DAY), describedAt: time(100 * DAY) };
    const description = { contentType: 'text/plain', headers: {}, metadata: {}, tags: {}, ...stamps };
    const write = writeOf(change({ startedAt: time(99 * DAY), endedAt: time(99 * DAY), description }));
    expect(write).toMatchObject({
      kind: 'describe',
      etag: 'abc',
      described: { description: { contentType: 'text/plain' } },
    });
    expect(writeOf(change({ description })).kind).toBe('put');
  });

  it('refuses what was observed before the oldest tombstone', () => {
    expect(decideWrite(change(), 114 * DAY + 1, 14 * DAY).kind).toBe('write');
    expect(decideWrite(change(), 114 * DAY + 2, 14 * DAY)).toMatchObject({ kind: 'refused', code: 'CHANGE.TOO_OLD' });
  });
});

describe('a description of a version that was listed long ago', () => {
  it('is judged by its own time', () => {
    const stamps = { describedFrom: time(200 * DAY), describedAt: time(200 * DAY) };
    const description = { contentType: null, headers: {}, metadata: {}, tags: {}, ...stamps };
    expect(decideWrite(change({ description }), 201 * DAY, 14 * DAY).kind).toBe('write');
    expect(decideWrite(change({ description }), 215 * DAY, 14 * DAY).kind).toBe('refused');
  });
});

describe('intoRounds', () => {
  it('puts the writes of one version into rounds that follow each other, in their order', () => {
    const writes = ['1', '2', '3'].map((etag) => writeOf(change({ etag })));
    const other = writeOf(change({ key: 'other' }));
    const rounds = intoRounds([...writes, other]);
    expect(rounds.map((round) => round.map((write) => (write.kind === 'describe' ? '' : write.facts.etag)))).toEqual([
      ['1', 'abc'],
      ['2'],
      ['3'],
    ]);
  });
});
