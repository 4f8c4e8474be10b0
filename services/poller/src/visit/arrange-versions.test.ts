import type { ListedVersion } from '@mirror/connector';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrangeVersions, isListedApart } from './arrange-versions.js';

function entry(key: string, versionId: string, kind: ListedVersion['kind'], second = 0): ListedVersion {
  const lastModified = `2026-01-02T03:04:${String(second).padStart(2, '0')}Z`;
  return { key, versionId, kind, isLatest: false, size: 0, etag: '', lastModified, storageClass: '' };
}

const page = (versions: readonly ListedVersion[], orderKept: boolean) => ({ versions, orderKept, isTruncated: false });
const ids = (versions: readonly ListedVersion[]) => versions.map(({ versionId }) => versionId);

describe('arrangeVersions', () => {
  it('leaves an interleaved listing as it is', () => {
    const listed = [entry('a', '1', 'version', 5), entry('a', '2', 'deleteMarker', 9), entry('a', '3', 'version')];
    expect(arrangeVersions(listed, false)).toBe(listed);
  });

  it('puts the latest first, whatever the times say', () => {
    const listed = [entry('a', '2', 'deleteMarker', 59), { ...entry('a', '1', 'version'), isLatest: true }];
    expect(ids(arrangeVersions(listed, true))).toEqual(['1', '2']);
  });

  it('puts null last in its second', () => {
    const listed = [entry('a', '2', 'deleteMarker'), entry('a', '3', 'version'), entry('a', 'null', 'version')];
    expect(ids(arrangeVersions(listed, true))).toEqual(['3', '2', 'null']);
  });

  it.each([true, false])('finds the order of any history again, times and ids growing: %s', (grow) => {
    const write = fc.record({ key: fc.constantFrom('a', 'b', 'c'), isMarker: fc.boolean(), pause: fc.nat(1) });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 25 }), (writes) => {
        const history = historyOf(writes, grow);
        const apart = [...ofKind(history, 'deleteMarker'), ...ofKind(history, 'version')];
        // Without two versions of one key nothing shows how the ids go with time.
        fc.pre(
          grow || ['a', 'b', 'c'].some((key) => ofKind(history, 'version').filter((v) => v.key === key).length > 1),
        );
        expect(arrangeVersions(apart, true)).toEqual(history);
        expect(arrangeVersions(history, true)).toEqual(history);
      }),
    );
  });
});

describe('isListedApart', () => {
  it('tells markers before all versions from markers in their place', () => {
    const interleaved = [entry('a', '1', 'deleteMarker'), entry('a', '2', 'version'), entry('b', '3', 'version')];
    expect(isListedApart(page(interleaved, true))).toBe(false);
    const apart = [entry('b', '3', 'deleteMarker'), entry('a', '2', 'version'), entry('b', '1', 'version')];
    expect(isListedApart(page(apart, false))).toBe(true);
  });

  it('does not take an order by UTF-16 for it', () => {
    const utf16 = [
      entry('\u{1F600}', '1', 'deleteMarker'),
      entry('\u{1F600}', '2', 'version'),
      entry('\uE000', '3', 'version'),
    ];
    expect(isListedApart(page(utf16, false))).toBe(false);
  });

  it('knows it of a single key by the latest that is not first', () => {
    const single = [entry('a', '1', 'deleteMarker'), { ...entry('a', '2', 'version'), isLatest: true }];
    expect(isListedApart(page(single, true))).toBe(true);
  });
});

function historyOf(
  writes: readonly { key: string; isMarker: boolean; pause: number }[],
  grow: boolean,
): ListedVersion[] {
  let second = 0;
  const all = writes.map(({ key, isMarker, pause }, index) => {
    second += pause;
    const id = String(grow ? 1000 + index : 5000 - index);
    return entry(key, id, isMarker ? 'deleteMarker' : 'version', second);
  });
  const newestFirst = all.toReversed().toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  return newestFirst.map((version, index) => ({ ...version, isLatest: newestFirst[index - 1]?.key !== version.key }));
}

const ofKind = (versions: readonly ListedVersion[], kind: ListedVersion['kind']) =>
  versions.filter((version) => version.kind === kind);
