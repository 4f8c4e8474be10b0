import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlikeEntries } from '../src/alike-entries.js';
import type { FieldSpan } from '../src/entry-template.js';
import { parseByScanner, parseVersionPage } from '../src/parse-version-page.js';
import type { MutableVersion } from '../src/version-page.js';

const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);

const key = fc.oneof(
  { weight: 60, arbitrary: fc.stringMatching(/^[a-z0-9/_.-]{1,12}$/) },
  {
    weight: 2,
    arbitrary: oneOf('a%2Fb', 'a+b', '%E6%97%A5', 'a&amp;b', 'a"b', '  ', "it's", 'a]]>b', '\u0001'),
  },
  { weight: 1, arbitrary: oneOf('', 'a%2', 'é', '\u{10000}', 'a\rb', '<b/>', '&#65;') },
);
const instant = fc
  .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .chain((date) => oneOf(date.toISOString(), date.toISOString().replace(/\.\d+Z/, 'Z')));
const odd = oneOf(
  '2024-02-29T00:00:00Z',
  '2023-02-29T00:00:00Z',
  '2000-02-29T23:59:59.1234567890Z',
  '2024-04-31T00:00:00.5Z',
);
const time = fc.oneof({ weight: 60, arbitrary: instant }, { weight: 1, arbitrary: odd });
const size = fc.oneof(
  { weight: 60, arbitrary: fc.nat().map(String) },
  { weight: 1, arbitrary: oneOf('', '-1', '007', '999999999999999', '9007199254740991', '9007199254740993', '1e3') },
);
const etag = fc.oneof(
  { weight: 60, arbitrary: fc.stringMatching(/^[0-9a-f]{32}(-[0-9])?$/) },
  oneOf('', '"', 'a"b', '&amp;'),
);

const entry = fc.record({
  isMarker: fc.nat(9).map((chance) => chance === 0),
  key,
  versionId: fc.oneof(
    { weight: 60, arbitrary: fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/) },
    oneOf('null', '', '&lt;'),
  ),
  isLatest: fc.oneof({ weight: 60, arbitrary: oneOf('true', 'false') }, oneOf('True', 'truefalse', '')),
  time,
  size,
  etag,
  storageClass: oneOf('STANDARD', 'STANDARD', 'GLACIER', ''),
  owner: oneOf('a', 'a', 'a', 'b'),
});
type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

/** How an endpoint writes all entries of a page. */
const form = fc.record({
  order: fc.shuffledSubarray(['key', 'versionId', 'isLatest', 'time', 'etag', 'size', 'storageClass', 'owner'], {
    minLength: 7,
  }),
  quote: oneOf('&quot;', '&#34;', '"', ''),
  space: oneOf('', '', '\n', '\n  '),
  url: fc.boolean(),
  bareMarkers: fc.boolean(),
});
type Form = typeof form extends fc.Arbitrary<infer T> ? T : never;

const page = fc.record({ form, entries: fc.array(entry, { minLength: 1, maxLength: 30 }), sorted: fc.boolean() });
type Page = typeof page extends fc.Arbitrary<infer T> ? T : never;

describe('entries that look alike', () => {
  it('read as the scanner reads each by itself, and are refused for the same reason', () => {
    fc.assert(
      fc.property(page, (generated) => {
        const body = Buffer.from(write(generated));
        expect(outcomeOf(parseVersionPage, body)).toEqual(outcomeOf(parseByScanner, body));
      }),
      { numRuns: 3_000 },
    );
  });

  const fragment = oneOf(
    '<',
    '>',
    '&',
    '&amp;',
    '"',
    '%2F',
    '+',
    '\r',
    'é',
    '0',
    'Z',
    '</Key>',
    '<Key>',
    '</Version>',
    '<Size>1</Size>',
    '',
  );
  it('are read as the scanner reads them when the page is damaged', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(12), fragment), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(page, damage, (generated, damages) => {
        let text = write(generated);
        for (const [at, length, instead] of damages) {
          const start = at % text.length;
          text = text.slice(0, start) + instead + text.slice(start + length);
        }
        const body = Buffer.from(text);
        expect(outcomeOf(parseVersionPage, body)).toEqual(outcomeOf(parseByScanner, body));
      }),
      { numRuns: 6_000 },
    );
  });

  it('are read after the first of them without the scanner', () => {
    const text = (number: number) => `<Version><Key>k${number}</Key><Owner>o</Owner><ETag>"${number}"</ETag></Version>`;
    const first = text(1);
    const all = first + text(2) + text(30) + text(4).replace('>o<', '>p<') + text(5);
    const entries = new AlikeEntries({ bytes: Buffer.from(all), text: all });
    entries.learn('version', spansOf(first, { Key: 'k1', ETag: '"1"' }), 0, first.length);
    const versions: MutableVersion[] = [];
    expect(entries.readAll(first.length, versions, 10)).toBe(all.indexOf(text(30)) + text(30).length);
    expect(versions.map(({ key, etag }) => key + etag)).toEqual(['k22', 'k3030']);
  });
});

function outcomeOf(parse: typeof parseVersionPage, body: Buffer): unknown {
  try {
    return parse(body);
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

function spansOf(text: string, values: Partial<Record<FieldSpan['field'], string>>): FieldSpan[] {
  return (Object.entries(values) as [FieldSpan['field'], string][]).map(([field, value]) => {
    const start = text.indexOf(`>${value}<`) + 1;
    return { field, start, end: start + value.length };
  });
}

function write({ form: { url, space, ...form }, entries, sorted }: Page): string {
  const listed = sorted ? entries.toSorted((a, b) => (a.key < b.key ? -1 : 1)) : entries;
  const head = `<IsTruncated>false</IsTruncated>${url ? '<EncodingType>url</EncodingType>' : ''}`;
  const body = listed.map((each) => writeEntry(each, { url, space, ...form }));
  return `<ListVersionsResult>${head}${space}${body.join(space)}${space}</ListVersionsResult>`;
}

function writeEntry(each: Entry, { order, quote, space, bareMarkers }: Form): string {
  const { isMarker, etag, owner } = each;
  const fields: Record<string, string> = {
    key: `<Key>${each.key}</Key>`,
    versionId: `<VersionId>${each.versionId}</VersionId>`,
    isLatest: `<IsLatest>${each.isLatest}</IsLatest>`,
    time: `<LastModified>${each.time}</LastModified>`,
    etag: etag === '' ? '<ETag/>' : `<ETag>${quote}${etag}${quote}</ETag>`,
    size: `<Size>${each.size}</Size>`,
    storageClass: `<StorageClass>${each.storageClass}</StorageClass>`,
    owner: `<Owner><ID>${owner}</ID><DisplayName>of ${owner}</DisplayName></Owner>`,
  };
  const named = order.filter((name) => !(isMarker && bareMarkers && ['etag', 'size', 'storageClass'].includes(name)));
  const element = isMarker ? 'DeleteMarker' : 'Version';
  return `<${element}>${space}${named.map((name) => fields[name]).join(space)}${space}</${element}>`;
}
