import { DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EndpointUnderTest } from './endpoint-under-test.js';
import { utf8Order, utf16Order } from './key-orders.js';
import type { Quirk } from './personalities.js';
import { listOnce, listPages, listRaw, type RawEntry } from './raw-listing.js';

type Given = () => EndpointUnderTest;
type Quirks = ReadonlySet<Quirk>;

const keys = ['a', 'b', 'b', 'b', 'c d', 'c+d', 'c%20d', 'c&<d>"\'', 'é', 'e\u0301', 'folder/f', 'folder/g', 'z~'];
const root = 'listing/';

/** The listing half of the contract. */
export function describeListing(given: Given, quirks: Quirks): void {
  describe('and its listing', () => {
    const written: string[] = [];
    beforeAll(async () => {
      const { s3, bucket } = given();
      for (const key of keys) written.push(await put(s3, bucket, root + key));
      const marker = await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: `${root}b` }));
      written.push(identity({ key: `${root}b`, versionId: marker.VersionId ?? '' }));
    });
    describeWalks(given, quirks, written);
    describePages(given, quirks);
    describeMarkers(given, quirks);
    describeOrders(given, quirks);
  });
}

function describeWalks(given: Given, quirks: Quirks, written: readonly string[]): void {
  it.each([2, 3, 7, 1000])('has each version once, followed by its markers in pages of %i', async (MaxKeys) => {
    const { s3, bucket } = given();
    const listed = await listOnce(s3, bucket, { Prefix: root, MaxKeys });
    expect(listed.map(identity).toSorted()).toEqual(written.toSorted());
    const isApart = quirks.has('deleteMarkersListedApart');
    expectOrder(isApart ? listed.filter(({ key }) => key !== `${root}b`) : listed, quirks);
  });

  it(`${quirks.has('latestRepeatedAfterPage') ? 'never ends' : 'ends'} in pages of one`, async () => {
    const { s3, bucket } = given();
    const listed = listOnce(s3, bucket, { Prefix: root, MaxKeys: 1 });
    if (quirks.has('latestRepeatedAfterPage')) return expect(listed).rejects.toThrow('comes back to the marker');
    expect((await listed).map(identity)).toHaveLength(written.length);
  });

  it(`goes ${quirks.has('nullVersionMarkerEndsListing') ? 'nowhere' : 'on'} after the word null as marker`, async () => {
    const { s3, bucket } = given();
    await put(s3, bucket, 'null/then another');
    const pages: string[] = [];
    for await (const page of listPages(s3, bucket, { Prefix: 'null/', MaxKeys: 2 })) {
      if (page.isTruncated) pages.push(page.nextVersionIdMarker ?? '');
    }
    expect(pages[0]).toBe('null');
    const listed = await listOnce(s3, bucket, { Prefix: 'null/', MaxKeys: 2 });
    const others = quirks.has('nullVersionMarkerEndsListing') ? [] : ['null/then another'];
    expect(listed.map(({ key }) => key)).toEqual(['null/before', 'null/before', ...others]);
  });

  it('goes on inside a key of more versions than a page holds', async () => {
    const { s3, bucket } = given();
    const ids: string[] = [];
    for (let index = 0; index < 30; index += 1) ids.unshift(await put(s3, bucket, 'many/versions', `${index}`));
    const listed = await listOnce(s3, bucket, { Prefix: 'many/', MaxKeys: 7 });
    expect(listed.map(identity)).toEqual(ids);
  });
}

function describePages(given: Given, quirks: Quirks): void {
  it(`says ${quirks.has('fullPageSaysTruncated') ? 'more' : 'nothing'} follows a full last page`, async () => {
    const { s3, bucket } = given();
    const all = await listRaw(s3, bucket, { Prefix: root });
    const full = await listRaw(s3, bucket, { Prefix: root, MaxKeys: all.entries.length });
    expect(full.entries).toEqual(all.entries);
    expect(full.isTruncated).toBe(quirks.has('fullPageSaysTruncated'));
    const markers = { KeyMarker: full.nextKeyMarker, VersionIdMarker: full.nextVersionIdMarker };
    if (!full.isTruncated) return expect(markers).toEqual({});
    const next = await listRaw(s3, bucket, { Prefix: root, ...markers });
    const repeated = quirks.has('latestRepeatedAfterPage') ? full.entries.slice(-1) : [];
    expect(next).toMatchObject({ entries: repeated, isTruncated: false, nextKeyMarker: undefined });
  });

  it('gives an empty page of zero, and the same bytes when asked again', async () => {
    const { s3, bucket } = given();
    expect(await listRaw(s3, bucket, { Prefix: root, MaxKeys: 0 })).toMatchObject({ entries: [] });
    const [once, again] = [await listRaw(s3, bucket, { Prefix: root }), await listRaw(s3, bucket, { Prefix: root })];
    expect(again.body).toBe(once.body);
  });

  it(`echoes ${quirks.has('maxKeysEchoed') ? 'the page size asked for' : '1,000'} above 1,000`, async () => {
    const { s3, bucket } = given();
    const { body } = await listRaw(s3, bucket, { Prefix: root, MaxKeys: 5000 });
    expect(body).toContain(`<MaxKeys>${quirks.has('maxKeysEchoed') ? 5000 : 1000}</MaxKeys>`);
  });

  it(`has ${quirks.has('wholeSeconds') ? 'whole seconds' : 'milliseconds'}`, async () => {
    const { s3, bucket } = given();
    const { entries } = await listRaw(s3, bucket, { Prefix: root });
    const whole = entries.filter(({ lastModified }) => /:\d\d(?:\.0+)?Z$/.test(lastModified));
    const versions = entries.filter(({ kind }) => kind === 'version');
    if (quirks.has('wholeSeconds')) expect(whole.filter(({ kind }) => kind === 'version')).toEqual(versions);
    else expect(whole.length).toBeLessThan(entries.length);
  });

  it(`${quirks.has('encodingTypeIgnored') ? 'ignores' : 'heeds'} encoding-type=url`, async () => {
    const { s3, bucket } = given();
    const { body } = await listRaw(s3, bucket, { Prefix: `${root}c` });
    expect(body.includes('<EncodingType>url</EncodingType>')).toBe(!quirks.has('encodingTypeIgnored'));
  });

  it(`lists delete markers ${quirks.has('deleteMarkersListedApart') ? 'before all versions' : 'in their place'}`, async () => {
    const { s3, bucket } = given();
    const { entries } = await listRaw(s3, bucket, { Prefix: root, MaxKeys: 4 });
    const isApart = entries[0]?.kind === 'deleteMarker';
    expect(isApart).toBe(quirks.has('deleteMarkersListedApart'));
    expect(entries.map(({ key }) => key.slice(root.length)).toSorted()).toEqual(['a', 'b', 'b', 'b']);
  });

  it(`shows delete markers ${quirks.has('deleteMarkerHasContent') ? 'with' : 'without'} ETag`, async () => {
    const { s3, bucket } = given();
    const { entries } = await listRaw(s3, bucket, { Prefix: `${root}b` });
    expect(entries[0]).toMatchObject({ kind: 'deleteMarker', hasEtag: quirks.has('deleteMarkerHasContent') });
  });
}

function describeMarkers(given: Given, quirks: Quirks): void {
  const after = async (input: object) => {
    const { s3, bucket } = given();
    return (await listRaw(s3, bucket, { Prefix: root, ...input })).entries.map(({ key }) => key.slice(root.length));
  };

  it(`lists what is after a key marker, the key itself ${quirks.has('keyMarkerReemitted') ? 'too' : 'not'}`, async () => {
    const listed = await after({ KeyMarker: `${root}b` });
    expect(listed.slice(0, quirks.has('keyMarkerReemitted') ? 5 : 1)).toEqual(
      quirks.has('keyMarkerReemitted') ? ['b', 'b', 'b', 'b', 'c d'] : ['c d'],
    );
    expect((await after({ KeyMarker: `${root}bb` }))[0]).toBe('c d');
  });

  it(`${quirks.has('versionMarkerEchoedDecoded') ? 'decodes' : 'keeps'} the version marker that it echoes`, async () => {
    const { s3, bucket } = given();
    const page = await listRaw(s3, bucket, { Prefix: root, MaxKeys: 3 });
    const VersionIdMarker = page.nextVersionIdMarker ?? '';
    const { body } = await listRaw(s3, bucket, { Prefix: root, KeyMarker: page.nextKeyMarker, VersionIdMarker });
    const echoed = /<VersionIdMarker>([^<]*)</.exec(body)?.[1];
    if (quirks.has('versionMarkerEchoedDecoded')) expect(echoed).not.toBe(VersionIdMarker);
    else expect(echoed).toBe(VersionIdMarker);
  });

  it(`${quirks.has('opaqueKeyMarker') ? 'hides' : 'shows'} the last key in its next marker`, async () => {
    const { s3, bucket } = given();
    const { entries, nextKeyMarker } = await listRaw(s3, bucket, { Prefix: root, MaxKeys: 3 });
    if (quirks.has('opaqueKeyMarker')) expect(nextKeyMarker).toMatch(/^listing\/b\[minio_cache:/);
    else expect(nextKeyMarker).toBe(entries.at(-1)?.key);
  });

  it(`${quirks.has('folderMarkerLosesKeys') ? 'loses' : 'lists'} keys of a folder with many keys beside it`, async () => {
    const { s3, bucket } = given();
    const isLossy = quirks.has('folderMarkerLosesKeys');
    const beside = Array.from({ length: 12 }, (_, index) => `end-${10 + index}/x`);
    for (const key of [...beside, 'end/a', 'end/b', 'end/c', 'end/d', 'ended']) await put(s3, bucket, key);
    const list = async (KeyMarker: string, Prefix?: string) => {
      const { entries } = await listRaw(s3, bucket, { KeyMarker, MaxKeys: 5, ...(Prefix && { Prefix }) });
      return entries.map(({ key }) => key).filter((key) => key.startsWith('end') && key > 'end/a');
    };
    const all = ['end/b', 'end/c', 'end/d', 'ended'];
    expect(await list('end/a')).toEqual(isLossy ? [] : all);
    if (quirks.has('opaqueKeyMarker')) expect(await list('end/a[minio_cache:v2,return:]')).toEqual(all);
    expect(await list('end/a', 'end/')).toEqual(all.slice(0, 3));
    // Seven leave room for two keys of the folder; what comes after the folder is there all the same.
    for (const Key of beside.slice(7)) await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    expect(await list('end/a')).toEqual(isLossy ? ['end/b', 'end/c', 'ended'] : all);
  });

  it(`${deletedMarker(quirks)} when the version of the marker was deleted meanwhile`, async () => {
    const { s3, bucket } = given();
    const ids: string[] = [];
    for (const key of ['a', 'a', 'a', 'b']) ids.push(await put(s3, bucket, `marker/${key}`));
    const page = await listRaw(s3, bucket, { Prefix: 'marker/', MaxKeys: 2 });
    const markers = { KeyMarker: page.nextKeyMarker, VersionIdMarker: page.nextVersionIdMarker };
    const version = { Key: 'marker/a', VersionId: page.entries[1]?.versionId };
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, ...version }));
    const { entries, isTruncated } = await listRaw(s3, bucket, { Prefix: 'marker/', ...markers });
    const [oldest = '', , newest = '', other = ''] = ids;
    expect(isTruncated).toBe(false);
    if (quirks.has('deletedVersionMarkerEndsListing')) return expect(entries.map(identity)).not.toContain(other);
    const relisted = quirks.has('deletedVersionMarkerRelistsKey') ? [newest] : [];
    expect(entries.map(identity)).toEqual([...relisted, oldest, other]);
  });

  it(`${quirks.has('versionMarkerAloneRefused') ? 'knows no' : 'has no use for a'} version marker without a key marker`, async () => {
    const alone = after({ VersionIdMarker: 'null' });
    if (quirks.has('versionMarkerAloneRefused'))
      return expect(alone).rejects.toMatchObject({ $metadata: { httpStatusCode: 501 } });
    await alone.catch((error: unknown) => expect(error).toMatchObject({ $metadata: { httpStatusCode: 400 } }));
  });

  it(`${quirks.has('bogusVersionMarkerSkipsKey') ? 'skips a key' : 'skips no key'} by a bogus version marker`, async () => {
    const listed = after({ KeyMarker: `${root}b`, VersionIdMarker: 'bogus' });
    if (quirks.has('bogusVersionMarkerSkipsKey')) return expect((await listed)[0]).toBe('c d');
    // Refused, or taken for the marker of a deleted version.
    const seen = await listed.catch(() => []);
    expect(seen[0]).not.toBe('c d');
  });
}

function describeOrders(given: Given, quirks: Quirks): void {
  it(`${astral(quirks)} keys beyond U+FFFF beside keys in U+E000 to U+FFFF`, async () => {
    const { s3, bucket } = given();
    const [high, beyond] = ['odd/\uE000', 'odd/\u{1F600}'];
    for (const key of ['odd/a', high, beyond]) await put(s3, bucket, key);
    const { entries } = await listRaw(s3, bucket, { KeyMarker: 'odd/a', MaxKeys: 100 });
    const listed = entries.map(({ key }) => key).filter((key) => key.startsWith('odd/') && key !== 'odd/a');
    expect(listed).toEqual(oddOrder(quirks, high, beyond));
    const byPrefix = await listOnce(s3, bucket, { Prefix: 'odd/' });
    expect(byPrefix.map(({ key }) => key).toSorted()).toEqual(['odd/a', beyond, high]);
  });
}

function oddOrder(quirks: Quirks, high: string, beyond: string): string[] {
  if (quirks.has('astralKeysMissing')) return [high];
  if (quirks.has('astralKeysDoubled')) return [beyond, high, beyond];
  return quirks.has('utf16Order') ? [beyond, high] : [high, beyond];
}

function astral(quirks: Quirks): string {
  if (quirks.has('astralKeysMissing')) return 'leaves out of full listings';
  if (quirks.has('astralKeysDoubled')) return 'lists twice';
  return quirks.has('utf16Order') ? 'lists before' : 'lists in order';
}

function deletedMarker(quirks: Quirks): string {
  if (quirks.has('deletedVersionMarkerEndsListing')) return 'ends';
  return quirks.has('deletedVersionMarkerRelistsKey') ? 'lists the key anew' : 'goes on where it was';
}

/** Keys in their order, and the first of each is its latest. */
function expectOrder(listed: readonly RawEntry[], quirks: Quirks): void {
  const order = quirks.has('utf16Order') ? utf16Order : utf8Order;
  const names = listed.map(({ key }) => key);
  expect(names).toEqual(names.toSorted(order));
  const isFirst = names.map((name, index) => name !== names[index - 1]);
  expect(listed.map(({ isLatest }) => isLatest)).toEqual(isFirst);
}

const identity = ({ key, versionId }: Pick<RawEntry, 'key' | 'versionId'>): string => `${key} ${versionId}`;

async function put(s3: S3Client, bucket: string, key: string, content = 'content'): Promise<string> {
  const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }));
  return identity({ key, versionId: VersionId ?? '' });
}
