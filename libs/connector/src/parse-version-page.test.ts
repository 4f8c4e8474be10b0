import { describe, expect, it } from 'vitest';
import { parseVersionPage } from './parse-version-page.js';

const time = '<LastModified>2026-11-22T15:24:11.037Z</LastModified>';
const entry = (key: string, rest = '<Size>7</Size>') =>
  `<Version><Key>${key}</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest>${time}${rest}</Version>`;
const page = (content: string, head = '<IsTruncated>false</IsTruncated>') =>
  `<?xml version="1.0" encoding="UTF-8"?><ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${head}${content}</ListVersionsResult>`;
const parse = (xml: string) => parseVersionPage(Buffer.from(xml));
const keyOf = (xml: string) => parse(xml).versions[0]?.key;

describe('a page of versions', () => {
  it('has an empty list', () => {
    expect(parse(page(''))).toEqual({ versions: [], isTruncated: false, orderKept: true });
  });

  it('leaves to defaults what an endpoint leaves out', () => {
    expect(parse(page(entry('a'))).versions).toEqual([
      {
        key: 'a',
        versionId: 'v1',
        kind: 'version',
        isLatest: true,
        size: 7,
        etag: '',
        lastModified: '2026-11-22T15:24:11.037Z',
        storageClass: '',
      },
    ]);
  });

  it('takes a delete marker with and without the fields of a version', () => {
    const bare = `<DeleteMarker><Key>a</Key><VersionId>v2</VersionId><IsLatest>true</IsLatest>${time}</DeleteMarker>`;
    const full = bare.replace(
      '</DeleteMarker>',
      '<ETag>&quot;d41d&quot;</ETag><Size>0</Size><StorageClass>STANDARD</StorageClass><Owner/></DeleteMarker>',
    );
    expect(parse(page(bare)).versions).toEqual(parse(page(full)).versions);
    expect(parse(page(bare)).versions[0]).toMatchObject({ kind: 'deleteMarker', size: 0, etag: '', storageClass: '' });
  });

  it('keeps the order in which versions and delete markers come', () => {
    const marker = `<DeleteMarker><Key>a</Key><VersionId>m</VersionId><IsLatest>true</IsLatest>${time}</DeleteMarker>`;
    const { versions } = parse(page(marker + entry('a') + marker.replace('>a<', '>b<') + entry('b')));
    expect(versions.map(({ key, kind }) => `${key} ${kind}`)).toEqual([
      'a deleteMarker',
      'a version',
      'b deleteMarker',
      'b version',
    ]);
  });

  it.each([
    ['a&amp;b&lt;c&gt;d&quot;e&apos;f', 'a&b<c>d"e\'f'],
    ['&#97;&#x62;&#x1F600;&#128512;', 'ab\u{1f600}\u{1f600}'],
    ['&#x1;&#13;&#xD;&#9;', '\u0001\r\r\t'],
    ['&amp;lt;', '&lt;'],
    ['  two  ', '  two  '],
    ['a%20b+c', 'a%20b+c'],
    ['\uffff\uffee\u{10ffff}', '\uffff\uffee\u{10ffff}'],
    ['a\r\nb\rc', 'a\nb\nc'],
  ])('reads the key %j as %j', (written, key) => {
    expect(keyOf(page(entry(written)))).toBe(key);
  });

  it.each([
    ['a%20b%2Fc+d%2Be', 'a b/c d+e'],
    ['%E6%97%A5%01%0A', '日\u0001\n'],
    ['a&amp;b%26', 'a&b&'],
  ])('decodes the URL-encoded key %j as %j, wherever the page says so', (written, key) => {
    const encoding = '<EncodingType>url</EncodingType>';
    const head = '<IsTruncated>false</IsTruncated>';
    expect(keyOf(page(entry(written), head + encoding))).toBe(key);
    expect(keyOf(page(entry(written) + encoding, head))).toBe(key);
  });

  it('gives the next markers, the key one decoded, the version one as it came', () => {
    const head =
      '<EncodingType>url</EncodingType><KeyMarker>x%2F</KeyMarker><VersionIdMarker>decoded  1</VersionIdMarker>' +
      '<NextKeyMarker>a%2Fb%5Bminio_cache:v2,return:%5D</NextKeyMarker>' +
      '<NextVersionIdMarker>null</NextVersionIdMarker><IsTruncated>true</IsTruncated>';
    expect(parse(page(entry('a%2Fb'), head))).toMatchObject({
      isTruncated: true,
      nextKeyMarker: 'a/b[minio_cache:v2,return:]',
      nextVersionIdMarker: 'null',
    });
  });

  it('gives no markers on a page that is the last', () => {
    const head = '<IsTruncated>false</IsTruncated><NextKeyMarker>a</NextKeyMarker>';
    expect(parse(page(entry('a'), head))).not.toHaveProperty('nextKeyMarker');
  });

  it('skips elements that it does not know, white space, attributes and prefixes of names', () => {
    const odd =
      '\n  <x:Extra a="1>2" b=\'/\'>text<Deep><Deeper/>more</Deep></x:Extra><Owner><ID>i</ID></Owner>\n<Checksum-2/>';
    expect(parse(page(`${odd}${entry('a', `<Size>7</Size>${odd}`)}\n`)).versions).toHaveLength(1);
    expect(keyOf(`\ufeff \n${page(entry('a')).replace('?>', '?>\r\n')}\n `)).toBe('a');
  });

  it('says when the keys go back', () => {
    expect(parse(page(entry('a') + entry('a') + entry('b'))).orderKept).toBe(true);
    expect(parse(page(entry('b') + entry('a'))).orderKept).toBe(false);
    expect(parse(page(entry('\uffee') + entry('\u{10000}'))).orderKept).toBe(true);
    expect(parse(page(entry('\u{10000}') + entry('\uffee'))).orderKept).toBe(false);
  });

  const doctype = '<!DOCTYPE x [<!ENTITY a "aaaa">]>';
  const deep = `${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}`;
  it.each([
    ['a DOCTYPE', page('').replace('?>', `?>${doctype}`), /declaration/],
    ['a DOCTYPE before everything', doctype + page(''), /declaration/],
    ['a comment', page('<!-- -->'), /comment/],
    ['a CDATA section', page(entry('<![CDATA[a]]>')), /<\/Key> was expected/],
    ['an unknown entity', page(entry('&a;')), /entity/],
    ['an entity without an end', page(entry('a&b')), /entity/],
    ['the character zero', page(entry('&#0;')), /entity/],
    ['a surrogate by number', page(entry('&#xD800;')), /entity/],
    ['a number beyond Unicode', page(entry('&#x110000;')), /entity/],
    ['another root', '<html><body>hello</body></html>', /root/],
    ['an error document', '<Error><Code>InternalError</Code></Error>', /root/],
    ['no document', '', /element/],
    ['plain text', 'hello', /element/],
    ['no end', page(entry('a')).slice(0, -10), /expected/],
    ['an entry cut short', page(entry('a')).slice(0, 200), /./],
    ['crossed tags', page('<Owner><ID>x</Owner></ID>'), /<\/ID> was expected/],
    ['something after the root', `${page('')}<more/>`, /after the document/],
    ['text between the entries', page('hello'), /text/],
    ['a broken tag', page('<Owner a=1>x</Owner>'), /broken tag/],
    ['elements nested without end', page(deep), /deeper/],
    ['no key', page(entry('')), /without <Key>/],
    ['no version id', page(entry('a').replace('<VersionId>v1</VersionId>', '')), /without <VersionId>/],
    ['no time', page(entry('a').replace(time, '')), /without <LastModified>/],
    ['no latest flag', page(entry('a').replace('<IsLatest>true</IsLatest>', '')), /without <IsLatest>/],
    ['no size', page(entry('a', '')), /without <Size>/],
    ['two keys in an entry', page(entry('a', '<Key>b</Key><Size>1</Size>')), /second <Key>/],
    ['two ends', page('<IsTruncated>true</IsTruncated>'), /second <IsTruncated>/],
    ['no word about its end', page('', ''), /IsTruncated/],
    ['more to come from nowhere', page('', '<IsTruncated>true</IsTruncated>'), /NextKeyMarker/],
    ['a flag that is none', page(entry('a').replace('>true<', '>yes<')), /"yes"/],
    ['a negative size', page(entry('a', '<Size>-1</Size>')), /size/],
    ['a size beyond counting', page(entry('a', '<Size>9999999999999999</Size>')), /size/],
    ['a time that is none', page(entry('a').replace('2026-11', '2026-13')), /time/],
    ['a day that the month lacks', page(entry('a').replace('2026-11-22', '2026-02-30')), /time/],
    ['a time without a zone', page(entry('a').replace('037Z', '037')), /time/],
    ['an unknown encoding', page('', '<EncodingType>gzip</EncodingType><IsTruncated>false</IsTruncated>'), /encoding/],
    [
      'broken encoding',
      page(entry('%E6%97'), '<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>'),
      /URL/,
    ],
    ['elements in a key', page(entry('<b>a</b>')), /<\/Key> was expected/],
  ])('is refused with %s', (_what, xml, why) => {
    expect(() => parse(xml)).toThrow(
      expect.objectContaining({ code: 'S3.BAD_LISTING', message: expect.stringMatching(why) }),
    );
  });

  it('is refused when it is not UTF-8', () => {
    expect(() => parseVersionPage(Buffer.from(page(entry('\u00e9')), 'latin1'))).toThrow(/UTF-8/);
  });
});
