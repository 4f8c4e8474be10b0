import { Readable } from 'node:stream';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { listVersionsPage } from '@mirror/connector';
import { compareKeys } from '@mirror/namespace';
import { type Personality, personalities, seededRandom, type VersionedBucket } from '@mirror/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { EndpointMarkers } from '../src/polled-target.js';
import { compareRange } from '../src/visit/compare-range.js';
import { type ListPage, listRange } from '../src/visit/list-range.js';
import { fillWithEverything, mirrorOf, nameOf, type QuirkyBucket, quirkyBucket, versionsOf } from './quirky-bucket.js';

let quirky: QuirkyBucket;

afterEach(() => quirky?.stop());

async function bucketOf(personality: Personality, seed?: (bucket: VersionedBucket) => void): Promise<QuirkyBucket> {
  quirky = await quirkyBucket(personality, seed);
  return quirky;
}

const names = (versions: Parameters<typeof nameOf>[0][]): string[] => versions.map(nameOf);

function put(bucket: VersionedBucket, ...keys: string[]): void {
  for (const key of keys) bucket.put(key, { body: `content of ${key}` });
}

const many = (bucket: VersionedBucket, key: string, count: number): void => put(bucket, ...Array(count).fill(key));
const numbered = (bucket: VersionedBucket, count: number): void =>
  put(bucket, ...Array.from({ length: count }, (_, index) => `k${String(index).padStart(3, '0')}`));

/** Does something once, after the page that answers a certain request. */
function afterPage(listPage: ListPage, number: number, change: () => void): ListPage {
  let pages = 0;
  return async (request) => {
    const page = await listPage(request);
    pages += 1;
    if (pages === number) change();
    return page;
  };
}

describe('every personality', () => {
  const table = (Object.keys(personalities) as (keyof typeof personalities)[]).flatMap((personality) =>
    [20, 33, 1_000].map((pageSize) => ({ personality, pageSize })),
  );

  it.each(table)(
    '$personality is read whole, each version once, in pages of $pageSize',
    async ({ personality, pageSize }) => {
      const { server, listAll, truth } = await bucketOf(personality, fillWithEverything);
      const listed = await listAll(pageSize);
      expect(names(listed)).toEqual(truth());
      const wholeSeconds = personality === 'versitygw';
      expect(compareRange(listed, mirrorOf(server.contents, wholeSeconds))).toEqual({ differences: [], missing: [] });
    },
  );
});

describe('the poller copes with', () => {
  it('fullPageSaysTruncated: an empty page after a full one is the end', async () => {
    const { listPage, server } = await bucketOf(['fullPageSaysTruncated'], (bucket) => many(bucket, 'k', 40));
    const listing = await listRange(listPage, {
      after: '',
      end: null,
      pageSize: 20,
      expected: null,
      confirmedHash: null,
    });
    expect(listing).toMatchObject({ end: null, versions: { length: 40 } });
    expect(server.listings.length).toBeLessThanOrEqual(4);
  });

  it('versionMarkerEchoedDecoded, bogusVersionMarkerSkipsKey: only ids that were given as next markers are sent', async () => {
    const { listAll, truth, server } = await bucketOf(
      ['versionMarkerEchoedDecoded', 'bogusVersionMarkerSkipsKey'],
      (bucket) => many(bucket, 'hot', 70),
    );
    expect(names(await listAll(20))).toEqual(truth());
    const sent = server.listings.map((query) => new URLSearchParams(query).get('version-id-marker') ?? '');
    expect(sent.filter(Boolean).length).toBeGreaterThan(2);
    expect(sent.every((id) => id === '' || server.contents.find('hot', id))).toBe(true);
  });

  it('maxKeysEchoed: 1,000 entries are a full page, whatever was asked for', async () => {
    const { listPage, truth } = await bucketOf(['maxKeysEchoed'], (bucket) => many(bucket, 'hot', 1_200));
    const listing = await listRange(listPage, {
      after: '',
      end: null,
      pageSize: 5_000,
      expected: null,
      confirmedHash: null,
    });
    expect(listing).toMatchObject({ kind: 'listed', end: null, versions: { length: truth().length } });
  });

  it('astralKeysDoubled: what is listed twice is one version', async () => {
    const seed = (bucket: VersionedBucket) => put(bucket, 'a', 'p/\uE000', 'p/\uFFFD', 'p/\u{1F600}', 'z');
    const { listAll, listTrusting, truth } = await bucketOf(['astralKeysDoubled'], seed);
    expect((await listTrusting(1_000)).length).toBeGreaterThan(truth().length);
    expect(names(await listAll())).toEqual(truth());
  });

  it('astralKeysMissing: what full listings leave out is listed by prefix', async () => {
    const seed = (bucket: VersionedBucket) => put(bucket, 'a', 'p/\uE000', 'p/\u{1F600}', 'p/\u{1F600}/x', 'z');
    const { listAll, listTrusting, truth } = await bucketOf(['astralKeysMissing'], seed);
    expect((await listTrusting(1_000)).length).toBeLessThan(truth().length);
    expect(names(await listAll())).toEqual(truth());
  });

  // Whichever of the three keys of a folder a range could be cut at.
  it.each([0, 1, 2])('utf16Order: ranges are sorted, and cut where both orders agree (%i)', async (before) => {
    const seed = (bucket: VersionedBucket) => {
      put(bucket, ...['!', '!!'].slice(0, before));
      for (let index = 0; index < 800; index += 1)
        put(bucket, `${index}/\u{1F600}`, `${index}/\uE000`, `${index}/plain`);
    };
    const { listAll, listTrusting, truth } = await bucketOf(['utf16Order'], seed);
    expect(names(await listTrusting(1_000))).not.toEqual(truth());
    expect(names(await listAll())).toEqual(truth());
  });

  it('deleteMarkerHasContent: a delete marker has none', async () => {
    const { listAll } = await bucketOf(['deleteMarkerHasContent'], (bucket) => void bucket.delete('gone'));
    expect(await listAll()).toMatchObject([{ kind: 'deleteMarker', etag: '', size: 0, storageClass: '' }]);
  });

  it('opaqueKeyMarker: a marker is sent back as it came, and is no key', async () => {
    const seed = (bucket: VersionedBucket) => {
      many(bucket, 'hot', 50);
      put(bucket, 'hot2', 'i');
    };
    const { listPage, server } = await bucketOf(['opaqueKeyMarker'], seed);
    const listing = await listRange(listPage, {
      after: '',
      end: 'hot',
      pageSize: 20,
      expected: null,
      confirmedHash: null,
    });
    expect(listing).toMatchObject({ end: 'hot', versions: { length: 50 } });
    expect(server.listings[1]).toContain('minio_cache');
  });

  describe('folderMarkerLosesKeys', () => {
    const isInside = (key: string, { after, end }: { after: string; end: string | null }) =>
      compareKeys(key, after) > 0 && (end === null || compareKeys(key, end) <= 0);

    /** What `listRange` shows, and what is there, up to where it says that its listing goes. */
    async function compareTo(
      { listPage, server }: QuirkyBucket,
      range: { after: string; end: string | null },
      markers: EndpointMarkers,
    ) {
      const listing = await listRange(listPage, {
        ...range,
        pageSize: 20,
        expected: null,
        confirmedHash: null,
        markers,
      });
      if (listing.kind !== 'listed') throw new Error('nothing was confirmed');
      const inside = versionsOf(server.contents).filter(({ key }) => isInside(key, { ...range, end: listing.end }));
      return { end: listing.end, listed: names([...listing.versions]), there: inside.map(nameOf) };
    }

    const folders = (bucket: VersionedBucket): void => {
      for (let index = 100; index < 160; index += 1) {
        put(bucket, `a-old/${index}`, `a/${index}`, `b-${index}`, `b/c-${index}/x`, `b/c/${index}`, `z${index}`);
      }
      put(bucket, 'a0', 'a0', 'a0/1', 'a00', 'b/c0', 'b0');
      many(bucket, 'b/hot', 50);
    };

    it.each([20, 33, 1_000])('the bucket is read whole, in pages of %i', async (pageSize) => {
      const { listAll, truth } = await bucketOf('minio', folders);
      expect(names(await listAll(pageSize))).toEqual(truth());
    });

    it.each([
      { after: 'a/150', end: 'a/155' },
      { after: 'a/159', end: 'a/159x' },
      { after: 'a/159', end: 'a0' },
      { after: 'a/159', end: 'b-150' },
      { after: 'b/c/0', end: 'b/c/150' },
      { after: 'b/c/150', end: 'b/hot' },
      { after: 'b/c/150', end: null },
      { after: 'a/', end: 'z' },
      { after: 'z150', end: null },
      { after: 'z159', end: null },
    ])('$after to $end', async (range) => {
      const bucket = await bucketOf('minio', folders);
      for (const markers of ['opaque', 'unknown'] as const) {
        const { end, listed, there } = await compareTo(bucket, range, markers);
        expect(listed).toEqual(there);
        expect(end).toBe(range.end);
      }
    });

    it.each(Array.from({ length: 30 }, (_, seed) => seed + 1))('any folders and any ranges, seed %i', async (seed) => {
      const random = seededRandom(seed);
      const pick = <T>(some: readonly T[]): T => some[Math.floor(random() * some.length)] as T;
      const folderNames = ['a', 'b', 'a-b', 'a0'];
      const fileNames = (bias: string) =>
        `${pick([bias, 'a', 'b', 'c'])}${pick(['-', '!', '.', '1', 'é'])}${Math.floor(random() * 90)}`;
      const keys = Array.from({ length: 400 }, () => {
        const depth = Math.floor(random() * 4);
        return `${Array.from({ length: depth }, () => `${pick(folderNames)}/`).join('')}${fileNames(pick(folderNames))}`;
      });
      const bucket = await bucketOf('minio', (contents) => {
        put(contents, ...keys);
        many(contents, pick(keys), 45);
        for (const key of keys.filter(() => random() < 0.1)) contents.delete(key);
      });
      for (let index = 0; index < 12; index += 1) {
        const [after = '', end = null] = [pick(keys), pick([...keys, null])].toSorted((a, b) =>
          a === null || b === null ? 0 : compareKeys(a, b),
        );
        if (after === null) continue;
        const { listed, there } = await compareTo(bucket, { after, end }, pick(['opaque', 'unknown']));
        expect(listed).toEqual(there);
      }
    });

    it('an endpoint of plain markers is asked once, and again in folders where it says that nothing follows', async () => {
      const bucket = await bucketOf('plain', folders);
      const requests = async (range: { after: string; end: string | null }, markers: EndpointMarkers) => {
        const before = bucket.server.listings.length;
        await compareTo(bucket, range, markers);
        return bucket.server.listings.length - before;
      };
      expect(await requests({ after: 'a/150', end: 'a/155' }, 'keys')).toBe(1);
      expect(await requests({ after: 'a/150', end: 'a/155' }, 'unknown')).toBe(1);
      put(bucket.server.contents, 'zz/1', 'zz/2');
      expect(await requests({ after: 'zz/1', end: null }, 'keys')).toBe(1);
      // In the folder, what begins with `zz0`, and at the top.
      expect(await requests({ after: 'zz/1', end: null }, 'unknown')).toBe(4);
    });
  });

  it('deletedVersionMarkerRelistsKey: a key that is listed anew is no other one', async () => {
    const { listPage, truth, server } = await bucketOf(['deletedVersionMarkerRelistsKey'], (bucket) =>
      many(bucket, 'hot', 50),
    );
    const [twentieth] = truth().slice(19);
    const deleting = afterPage(listPage, 1, () => server.contents.remove('hot', twentieth?.split(' ')[1] ?? ''));
    const listing = await listRange(deleting, {
      after: '',
      end: null,
      pageSize: 20,
      expected: null,
      confirmedHash: null,
    });
    expect(listing).toMatchObject({ versions: { length: 50 } });
  });

  it('versionMarkerAloneRefused: no version marker goes without its key', async () => {
    const { listAll, truth, server } = await bucketOf(['versionMarkerAloneRefused'], (bucket) =>
      many(bucket, 'hot', 50),
    );
    expect(names(await listAll(20))).toEqual(truth());
    const queries = server.listings.map((query) => new URLSearchParams(query));
    expect(queries.some((query) => query.has('version-id-marker'))).toBe(true);
    expect(queries.every((query) => query.has('key-marker') || !query.has('version-id-marker'))).toBe(true);
  });

  it('latestRepeatedAfterPage: a version that comes again after a page is the same one', async () => {
    // Keys that orders may disagree about are no markers to go on by: there the page's own are sent.
    const odd = Array.from({ length: 90 }, (_, index) => `odd/\uFF21${index}`);
    const { listAll, listTrusting, truth } = await bucketOf(['latestRepeatedAfterPage'], (bucket) => {
      numbered(bucket, 90);
      put(bucket, ...odd);
    });
    expect((await listTrusting(20)).length).toBeGreaterThan(truth().length);
    expect(names(await listAll(20))).toEqual(truth());
  });

  it('keyMarkerReemitted: the key that a range begins after is not in it', async () => {
    const { listPage, truth } = await bucketOf(['keyMarkerReemitted'], (bucket) => numbered(bucket, 90));
    const range = { after: 'k009', end: 'k059', pageSize: 20, expected: null, confirmedHash: null };
    const listing = await listRange(listPage, range);
    if (listing.kind !== 'listed') throw new Error('nothing was confirmed');
    expect(names([...listing.versions])).toEqual(truth().slice(10, 60));
  });

  it('keyMarkerReemitted: a key that fills a page with itself does not stop the range after it', async () => {
    const seed = (bucket: VersionedBucket) => {
      many(bucket, 'hot', 50);
      put(bucket, 'i', 'j');
    };
    const { listPage } = await bucketOf(['keyMarkerReemitted'], seed);
    const listing = await listRange(listPage, {
      after: 'hot',
      end: null,
      pageSize: 20,
      expected: null,
      confirmedHash: null,
    });
    expect(listing).toMatchObject({ end: null, versions: [{ key: 'i' }, { key: 'j' }] });
  });

  it.each([
    { where: 'between keys', seed: (bucket: VersionedBucket) => numbered(bucket, 90), left: 90 },
    { where: 'inside a key', seed: hotAmongOthers, left: 52 },
  ])('deletedVersionMarkerEndsListing $where: what follows is there all the same', async ({ seed, left }) => {
    const { listPage, server } = await bucketOf(['deletedVersionMarkerEndsListing'], seed);
    const deleting = afterPage(listPage, 1, () => {
      const last = new URLSearchParams(server.listings.at(-1)).get('key-marker') ?? '';
      expect(last).toBe('');
      for (const version of [...server.contents.versionsOf('hot').slice(18, 20)])
        server.contents.remove('hot', version.versionId);
      server.contents.remove('k019', server.contents.find('k019')?.versionId ?? '');
    });
    const listing = await listRange(deleting, {
      after: '',
      end: null,
      pageSize: 20,
      expected: null,
      confirmedHash: null,
    });
    if (listing.kind !== 'listed') throw new Error('nothing was confirmed');
    const mirror = mirrorOf(server.contents);
    const missing = compareRange(listing.versions, mirror).missing.map(({ _id }) => _id.k);
    expect([...new Set(missing)].filter((key) => key !== 'hot')).toEqual([]);
    expect(mirror.length).toBeLessThanOrEqual(left);
  });

  it('nullVersionMarkerEndsListing: a page that ends on a null version is not the last', async () => {
    const seed = (bucket: VersionedBucket) => {
      bucket.versioning = 'none';
      put(bucket, 'k019');
      bucket.versioning = 'Enabled';
      put(bucket, ...Array.from({ length: 60 }, (_, index) => `k${String(index).padStart(3, '0')}`));
      server19(bucket);
    };
    const { listAll, listTrusting, truth } = await bucketOf(['nullVersionMarkerEndsListing'], seed);
    expect((await listTrusting(20)).length).toBeLessThan(truth().length);
    expect(names(await listAll(20))).toEqual(truth());
  });

  it('nullVersionMarkerEndsListing: nor where that version is the oldest of very many', async () => {
    const seed = (bucket: VersionedBucket) => {
      bucket.versioning = 'none';
      put(bucket, 'hot');
      bucket.versioning = 'Enabled';
      many(bucket, 'hot', 39);
      put(bucket, 'i', 'j');
    };
    const { listAll, listTrusting, truth } = await bucketOf(['nullVersionMarkerEndsListing'], seed);
    expect((await listTrusting(20)).length).toBeLessThan(truth().length);
    expect(names(await listAll(20))).toEqual(truth());
  });

  it('deleteMarkersListedApart: the latest is the latest, whatever the page begins with', async () => {
    const seed = (bucket: VersionedBucket) => {
      put(bucket, 'a', 'b');
      bucket.delete('a');
      bucket.delete('b');
      put(bucket, 'b', 'c');
    };
    const { listAll, listTrusting, truth } = await bucketOf(['deleteMarkersListedApart'], seed);
    expect(names(await listTrusting(20))).not.toEqual(truth());
    const listed = await listAll(20);
    expect(names(listed)).toEqual(truth());
    expect(listed.filter(({ isLatest }) => isLatest).map(({ kind }) => kind)).toEqual([
      'deleteMarker',
      'version',
      'version',
    ]);
  });

  it('wholeSeconds: versions of one second keep the order in which they are listed', async () => {
    const { listAll, truth } = await bucketOf(['wholeSeconds'], (bucket) => many(bucket, 'hot', 30));
    const listed = await listAll(20);
    expect(new Set(listed.map(({ lastModified }) => lastModified)).size).toBeLessThan(4);
    expect(names(listed)).toEqual(truth());
  });

  it('encodingTypeIgnored: a key is decoded only where the answer says that it is encoded', async () => {
    const { listAll, truth } = await bucketOf(['encodingTypeIgnored'], (bucket) => put(bucket, 'a%20b', 'a+b', '100%'));
    expect(names(await listAll())).toEqual(truth());
  });

  it('trailingChecksumRefused: its client sends none', async () => {
    const { client, server } = await bucketOf(['trailingChecksumRefused']);
    const Body = Readable.from(['content']);
    await client.send(new PutObjectCommand({ Bucket: server.bucket, Key: 'streamed', Body, ContentLength: 7 }));
    expect(server.contents.find('streamed')?.body.toString()).toBe('content');
  });
});

describe('a fault of a listing', () => {
  it.each([
    { faults: { listing: 'cutBody' }, code: 'S3.TRUNCATED' },
    { faults: { listing: 'cutConnection' }, code: 'S3.TRUNCATED' },
    { faults: { status: 500 }, code: 'S3.UNAVAILABLE' },
    { faults: { status: 503, retryAfterSeconds: 2 }, code: 'S3.THROTTLED' },
    { faults: { status: 403 }, code: 'S3.ACCESS_DENIED' },
  ] as const)('is an error with the code $code, and no listing', async ({ faults, code }) => {
    const { listPage, server } = await bucketOf('s3Connector', (bucket) => numbered(bucket, 50));
    const list = () => listRange(listPage, { after: '', end: null, pageSize: 20, expected: null, confirmedHash: null });
    server.inject(faults);
    await expect(list()).rejects.toMatchObject({ code });
    server.inject({});
    expect(await list()).toMatchObject({ end: null, versions: { length: 50 } });
  });

  it('such as a next marker that skips keys, or goes back, leaves nothing out', async () => {
    const { listAll, listTrusting, server, truth } = await bucketOf('s3Connector', (bucket) => numbered(bucket, 90));
    server.inject({ listing: 'markerAhead' });
    expect((await listTrusting(20)).length).toBeLessThan(90);
    expect(names(await listAll(20))).toEqual(truth());
    server.inject({ listing: 'markerBack' });
    expect(names(await listAll(20))).toEqual(truth());
  });

  it('such as an older state is what it is listed as: there is no telling by the listing alone', async () => {
    const { server, client, listAll } = await bucketOf('s3Connector', (bucket) => numbered(bucket, 10));
    const before = server.snapshot();
    numbered(server.contents, 20);
    server.restore(before);
    expect(await listAll()).toHaveLength(10);
    expect((await listVersionsPage(client, server.bucket, { maxKeys: 5 })).parse().isTruncated).toBe(true);
  });
});

function hotAmongOthers(bucket: VersionedBucket): void {
  many(bucket, 'hot', 50);
  put(bucket, 'i', 'j');
}

/** So that the twentieth entry of the listing is a null version. */
function server19(bucket: VersionedBucket): void {
  bucket.remove('k000', bucket.find('k000')?.versionId ?? '');
}
