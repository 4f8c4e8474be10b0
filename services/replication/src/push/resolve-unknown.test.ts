import type { StoredDescription } from '@mirror/namespace';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Attempted,
  candidatesOf,
  isSameDescription,
  type ListedOfKey,
  resolveUnknown,
} from './resolve-unknown.js';

const begunAt = new Date('2030-01-01T00:00:10.400Z');
const description: StoredDescription = {
  contentType: 'text/plain',
  headers: [['cache-control', 'no-cache']],
  metadata: [
    ['a', '1'],
    ['b', '2'],
  ],
  tags: [['t', 'x']],
};
const attempted: Attempted = {
  kind: 'version',
  etag: 'e',
  size: 3,
  description,
  begunAt,
  known: new Set(['known']),
};
const ours = (versionId: string, over: Partial<ListedOfKey> = {}): ListedOfKey => ({
  versionId,
  kind: 'version',
  etag: 'e',
  size: 3,
  lastModified: new Date('2030-01-01T00:00:11.000Z'),
  ...over,
});
const resolve = async (listed: readonly ListedOfKey[], of: Attempted = attempted) =>
  (await resolveUnknown(of, listed, async () => description))?.versionId;

describe('an attempt without an answer', () => {
  it('is found as the oldest version that can be ours: later ones are of somebody else', async () => {
    expect(await resolve([ours('newest'), ours('middle'), ours('oldest')])).toBe('oldest');
  });

  it.each([
    ['known when it began', ours('known')],
    ['of another ETag', ours('v', { etag: 'f' })],
    ['of another size', ours('v', { size: 4 })],
    ['of another kind', ours('v', { kind: 'deleteMarker' })],
    ['older than its begin', ours('v', { lastModified: new Date('2030-01-01T00:00:09.999Z') })],
  ])('is not a version %s', async (_what, version) => {
    expect(await resolve([version])).toBeUndefined();
  });

  it('is found where the endpoint tells whole seconds only', async () => {
    expect(await resolve([ours('v', { lastModified: new Date('2030-01-01T00:00:10.000Z') })])).toBe('v');
  });

  it('is not the same bytes that another client put meanwhile with other metadata, nor one that is gone', async () => {
    const told = new Map<string, StoredDescription>([
      ['theirs', { ...description, metadata: [['a', 'other']] }],
      ['ours', description],
    ]);
    const listed = [ours('ours'), ours('theirs'), ours('gone')];
    const found = await resolveUnknown(attempted, listed, async (id) => told.get(id) ?? null);
    expect(found?.versionId).toBe('ours');
  });

  it('finds a delete marker without a description', async () => {
    const marker = { ...attempted, kind: 'deleteMarker' as const, etag: '', size: 0 };
    const listed = [ours('v'), ours('marker', { kind: 'deleteMarker', etag: '', size: 0 })];
    const found = await resolveUnknown(marker, listed, () => Promise.reject(new Error('asked')));
    expect(found?.versionId).toBe('marker');
  });

  it('is never taken for a version that it cannot be, and always for one that it left', async () => {
    const version = fc.record({
      versionId: fc.string({ minLength: 1 }),
      kind: fc.constantFrom('version' as const, 'deleteMarker' as const),
      etag: fc.constantFrom('e', 'f'),
      size: fc.constantFrom(3, 4),
      lastModified: fc.integer({ min: -3_000, max: 3_000 }).map((ms) => new Date(begunAt.getTime() + ms)),
    });
    const listing = fc.uniqueArray(version, { selector: ({ versionId }) => versionId, maxLength: 8 });
    const property = fc.asyncProperty(listing, fc.array(fc.nat(7)), fc.boolean(), async (others, knownAt, applied) => {
      const known = new Set(knownAt.flatMap((at) => others[at]?.versionId ?? []));
      const left = ours('left by us', { lastModified: new Date(begunAt.getTime() + 1) });
      const listed = applied ? [left, ...others] : others;
      const found = await resolveUnknown({ ...attempted, known }, listed, async () => description);
      expect(found !== undefined || !applied).toBe(true);
      if (!found) return;
      expect(known.has(found.versionId)).toBe(false);
      expect(found).toMatchObject({ kind: 'version', etag: 'e', size: 3 });
      expect(found.lastModified.getTime()).toBeGreaterThanOrEqual(Math.floor(begunAt.getTime() / 1000) * 1000);
      expect(found).toBe(candidatesOf({ ...attempted, known }, listed)[0]);
    });
    await fc.assert(property);
  });
});

describe('descriptions are the same', () => {
  it('in any order, and whatever content type the connector chose for one that was not given', () => {
    const found = { ...description, metadata: description.metadata.toReversed() };
    expect(isSameDescription(description, found)).toBe(true);
    expect(isSameDescription({ ...description, contentType: null }, found)).toBe(true);
  });

  it.each([
    ['content type', { contentType: 'text/html' }],
    ['headers', { headers: [] }],
    ['metadata', { metadata: [['a', '1'] as const, ['c', '2'] as const] }],
    ['tags', { tags: [['t', 'x'] as const, ['u', 'y'] as const] }],
  ])('not with other %s', (_what, other) => {
    expect(isSameDescription(description, { ...description, ...other })).toBe(false);
  });

  it('also where metadata comes back in another reading of its bytes', () => {
    const found = { ...description, metadata: [['a', Buffer.from('é').toString('latin1')] as const] };
    expect(isSameDescription({ ...description, metadata: [['a', 'é']] }, found)).toBe(true);
  });
});
