import type { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utf8Order } from './key-orders.js';
import { listOnce, listRaw, type RawEntry } from './raw-listing.js';

export interface ReadOnlyEndpoint {
  readonly s3: S3Client;
  readonly bucket: string;
  /** Some hundreds of versions begin with it, several of some keys, delete markers among them. */
  readonly prefix: string;
  readonly stop: () => Promise<void>;
}

/** What every plain endpoint's listing does, also of one that can't be written to. */
export function describeReadOnlyListing(name: string, start: () => Promise<ReadOnlyEndpoint>): void {
  describe(`a listing of what is there: ${name}`, () => {
    let endpoint: ReadOnlyEndpoint;
    let all: readonly RawEntry[];
    beforeAll(async () => {
      endpoint = await start();
      all = await listOnce(endpoint.s3, endpoint.bucket, { Prefix: endpoint.prefix });
    });
    afterAll(() => endpoint?.stop());
    const list = (input: object) => listRaw(endpoint.s3, endpoint.bucket, { Prefix: endpoint.prefix, ...input });

    it('has keys in order, each newest first, and the first of each is its latest', () => {
      expect(all.length).toBeGreaterThan(100);
      const keys = all.map(({ key }) => key);
      expect(keys).toEqual(keys.toSorted(utf8Order));
      expect(all.map(({ isLatest }) => isLatest)).toEqual(keys.map((key, index) => key !== keys[index - 1]));
      expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(['version', 'deleteMarker']));
      expect(new Set(all.map(({ key, versionId }) => `${versionId} ${key}`)).size).toBe(all.length);
    });

    it.each([1, 2, 7, 100, 1000])('is the same in pages of %i', async (MaxKeys) => {
      const some = all.slice(0, MaxKeys === 1 ? 20 : 100);
      const walked: RawEntry[] = [];
      let markers = {};
      while (walked.length < some.length) {
        const page = await list({ MaxKeys, ...markers });
        walked.push(...page.entries);
        markers = { KeyMarker: page.nextKeyMarker, VersionIdMarker: page.nextVersionIdMarker };
        if (!page.isTruncated) break;
      }
      expect(walked.slice(0, some.length)).toEqual(some);
    });

    it('goes on after a key, whether there is such a key or not', async () => {
      for (const index of [0, 1, 17, 50, 99]) {
        const key = all[index]?.key ?? '';
        const next = all.find((entry) => utf8Order(entry.key, key) > 0);
        expect((await list({ KeyMarker: key, MaxKeys: 5 })).entries[0]).toEqual(next);
        expect((await list({ KeyMarker: `${key}\u0001`, MaxKeys: 5 })).entries[0]).toEqual(next);
      }
    });

    it('goes on inside a key, after the version of both markers', async () => {
      const inside = all.findIndex(({ key }, index) => key === all[index + 1]?.key);
      const { key: KeyMarker, versionId: VersionIdMarker } = all[inside] ?? {};
      const { entries } = await list({ KeyMarker, VersionIdMarker, MaxKeys: 3 });
      expect(entries).toEqual(all.slice(inside + 1, inside + 4));
    });

    it('says that nothing follows the last page, and more any other', async () => {
      const full = await list({ MaxKeys: 50 });
      expect([full.isTruncated, full.nextKeyMarker]).toEqual([true, all[49]?.key]);
      const last = await list({ KeyMarker: all.at(-1)?.key });
      expect(last).toMatchObject({ entries: [], isTruncated: false, nextKeyMarker: undefined });
    });

    it('is empty in a page of zero, and the same bytes when asked again', async () => {
      expect(await list({ MaxKeys: 0 })).toMatchObject({ entries: [] });
      expect((await list({ MaxKeys: 300 })).body).toBe((await list({ MaxKeys: 300 })).body);
    });

    it('gives 1,000 versions at most, and refuses a version marker without a key marker', async () => {
      expect((await list({ MaxKeys: 5_000 })).entries.length).toBeLessThanOrEqual(1_000);
      await expect(list({ VersionIdMarker: 'null' })).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
    });
  });
}
