import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keyOfMarker, parseVersionPage, type VersionPage } from '../src/index.js';

/** Answers of S3 Connector's S3 layer, as recorded. */
const recorded = (name: string): VersionPage =>
  parseVersionPage(readFileSync(new URL(`samples/s3-connector/${name}.xml`, import.meta.url)));

describe("S3 Connector's recorded listings", () => {
  it('are the same with and without encoding-type=url', () => {
    expect(recorded('versions-all-url')).toEqual(recorded('versions-all'));
  });

  it('come in order of key, then newest first, versions and delete markers interleaved', () => {
    const { versions, orderKept } = recorded('versions-all');
    expect(orderKept).toBe(true);
    const overwritten = versions.filter(({ key }) => key === 'overwritten');
    expect(overwritten.map(({ isLatest }) => isLatest)).toEqual([true, false, false, false]);
    const times = overwritten.map(({ lastModified }) => lastModified);
    expect(times).toEqual(times.toSorted().reverse());
    const kinds = versions.map(({ kind }) => kind);
    expect(kinds.indexOf('deleteMarker')).toBeLessThan(kinds.lastIndexOf('version'));
  });

  it('round-trip odd keys', () => {
    const keys = recorded('versions-all').versions.map(({ key }) => key);
    expect(keys).toEqual(
      expect.arrayContaining(['//double', '/lead', 'a b/c d.txt', 'dot/../y', 'été.txt', '日本語/ファイル']),
    );
  });

  it('in pages of 7 are the whole listing, going on by the next markers', () => {
    const pages = [1, 2, 3, 4].map((number) => recorded(`versions-page-${number}`));
    expect(pages.flatMap(({ versions }) => versions)).toEqual(recorded('versions-all').versions);
    expect(pages.map(({ isTruncated }) => isTruncated)).toEqual([true, true, true, false]);
    expect(pages.map(({ nextKeyMarker }) => nextKeyMarker)).toEqual([
      'dot/../y',
      'overwritten',
      'suspended-delete',
      undefined,
    ]);
  });

  it('have markers of their own, which are not the echoed ones and not always the last version', () => {
    const page = recorded('versions-page-3');
    // Echoed decoded: "98204638948839999999RG001  12817.8483", which is no marker to send back.
    expect(page.nextVersionIdMarker).toMatch(/^[0-9a-f]{64,}$/);
    expect(page.versions.at(-1)).toMatchObject({ key: 'suspended-delete', versionId: 'null' });
  });

  it('may say that more follows a full last page, and then give an empty one without markers', () => {
    const full = recorded('versions-full-last-page');
    expect(full.versions).toEqual(recorded('versions-all').versions);
    expect(full).toMatchObject({ isTruncated: true, nextKeyMarker: '日本語/ファイル' });
    expect(recorded('versions-empty-after-full')).toEqual({ versions: [], isTruncated: false, orderKept: true });
  });

  it('have null versions', () => {
    expect(recorded('versions-all').versions.filter(({ versionId }) => versionId === 'null')).not.toHaveLength(0);
  });

  it('keep ETags of multipart uploads, without quotes, and sizes of nothing', () => {
    const byKey = new Map(recorded('versions-all').versions.map((version) => [version.key, version]));
    expect(byKey.get('multipart')?.etag).toMatch(/^[0-9a-f]{32}-2$/);
    expect(byKey.get('zero')).toMatchObject({ size: 0, etag: 'd41d8cd98f00b204e9800998ecf8427e' });
  });
});

describe("MinIO's markers", () => {
  it('are cut only to compare keys', () => {
    expect(keyOfMarker('a/b[minio_cache:v2,return:]')).toBe('a/b');
    expect(keyOfMarker('a/b[minio_cache:v2,id:0c3c,return:,p:0,s:0]')).toBe('a/b');
    expect(keyOfMarker('[draft] a/b')).toBe('[draft] a/b');
  });
});
