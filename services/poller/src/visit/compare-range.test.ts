import type { ListedVersion } from '@mirror/connector';
import { compareKeys, type MirroredVersion } from '@mirror/namespace';
import fc from 'fast-check';
import { Timestamp } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { compareRange } from './compare-range.js';

const TIME = '2026-01-02T03:04:05.678Z';

function listed(key: string, versionId: string, fields: Partial<ListedVersion> = {}): ListedVersion {
  const facts = { size: 1, etag: 'e', lastModified: TIME, storageClass: 'STANDARD' };
  return { key, versionId, kind: 'version', isLatest: true, ...facts, ...fields };
}

function mirrored(
  key: string,
  versionId: string,
  place: number,
  fields: Partial<MirroredVersion> = {},
): MirroredVersion {
  return {
    _id: { k: key, v: versionId },
    kind: 'version',
    place,
    size: 1,
    etag: 'e',
    lastModified: new Date(TIME),
    storageClass: 'STANDARD',
    listedAt: new Timestamp({ t: 1, i: 1 }),
    ...fields,
  };
}

describe('compareRange', () => {
  it('finds nothing where both sides agree', () => {
    const result = compareRange([listed('a', '2'), listed('a', '1')], [mirrored('a', '1', 5), mirrored('a', '2', 3)]);
    expect(result).toEqual({ differences: [], missing: [] });
  });

  it.each([
    ['a size', { size: 2 }],
    ['an ETag', { etag: 'f' }],
    ['a time, by a millisecond', { lastModified: '2026-01-02T03:04:05.679Z' }],
    ['a storage class', { storageClass: 'GLACIER' }],
    ['a kind', { kind: 'deleteMarker' as const }],
  ])('finds %s that changed', (_, fields) => {
    const { differences } = compareRange([listed('a', '1', fields)], [mirrored('a', '1', 0)]);
    expect(differences).toMatchObject([{ listed: fields, place: 0, mirrored: { _id: { k: 'a' } } }]);
  });

  it('finds an order that changed, and moves as few versions as possible', () => {
    const sides = [listed('a', '3'), listed('a', '1'), listed('a', '2')];
    const { differences } = compareRange(sides, [mirrored('a', '1', 0), mirrored('a', '2', 1), mirrored('a', '3', 2)]);
    expect(differences).toMatchObject([{ listed: { versionId: '3' }, place: -1, isLatest: true }]);
  });

  it('puts one change on top of a key of many versions, not one for each', () => {
    const older = Array.from({ length: 1_200 }, (_, index) => `v${1_200 - index}`);
    const mirror = older.map((id, index) => mirrored('k', id, index)).sort((a, b) => (a._id.v < b._id.v ? -1 : 1));
    const { differences } = compareRange([listed('k', 'new'), ...older.map((id) => listed('k', id))], mirror);
    expect(differences.map(({ listed: { versionId }, place }) => [versionId, place])).toEqual([['new', -1]]);
  });

  it('calls missing what is mirrored and not listed, at both ends and in between', () => {
    const { missing } = compareRange(
      [listed('b', '1')],
      [mirrored('a', '1', 0), mirrored('b', '0', 9), mirrored('c', '1', 0)],
    );
    expect(missing.map(({ _id }) => `${_id.k}/${_id.v}`)).toEqual(['a/1', 'b/0', 'c/1']);
  });

  it('joins keys by their UTF-8 bytes', () => {
    const keys = ['\uE000', '\uFFFD', '\u{1F600}'];
    expect(
      compareRange(
        keys.map((key) => listed(key, '1')),
        keys.map((key) => mirrored(key, '1', 0)),
      ),
    ).toEqual({
      differences: [],
      missing: [],
    });
  });

  it('leaves nothing to say once its differences are applied and what is missing is removed', () => {
    const entry = fc.record({
      key: fc.constantFrom('a', 'b', '\uFFFF', '\u{1F600}'),
      versionId: fc.constantFrom('1', '2', '3', 'null'),
    });
    const side = fc.uniqueArray(entry, { selector: ({ key, versionId }) => `${key}/${versionId}` });
    fc.assert(
      fc.property(side, side, (there, here) => {
        const list = there
          .map(({ key, versionId }) => listed(key, versionId))
          .sort((a, b) => compareKeys(a.key, b.key));
        const mirror = here.map(({ key, versionId }, place) => mirrored(key, versionId, place));
        const { differences, missing } = compareRange(list, inOrder(mirror));
        const kept = new Map(
          mirror.filter((version) => !missing.includes(version)).map((version) => [identity(version._id), version]),
        );
        for (const {
          listed: { key, versionId },
          place: at,
        } of differences) {
          kept.set(identity({ k: key, v: versionId }), mirrored(key, versionId, at));
        }
        expect(compareRange(list, inOrder([...kept.values()]))).toEqual({ differences: [], missing: [] });
      }),
    );
  });
});

const identity = ({ k, v }: { k: string; v: string }): string => `${v}/${k}`;
const inOrder = (versions: MirroredVersion[]): MirroredVersion[] =>
  versions.toSorted((a, b) => compareKeys(a._id.k, b._id.k) || (a._id.v < b._id.v ? -1 : 1));
