import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { S3Error } from './errors.js';
import {
  parseCompletion,
  parseDelete,
  parseLocationConstraint,
  parseTagging,
  parseVersioning,
} from './request-documents.js';
import { group, tag, xmlDocument } from './xml.js';

const codeOf = (parse: () => unknown): string => {
  try {
    parse();
    return 'parsed';
  } catch (error) {
    return error instanceof S3Error ? error.code : String(error);
  }
};

/** What XML can carry: everything but lone surrogates and NUL. */
const anyText = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).filter((text) => !text.includes('\0'));

it('a delete gives back what it was made of', () => {
  const object = fc.record({
    key: anyText,
    versionId: fc.option(fc.stringMatching(/^[A-Za-z0-9]{1,20}$/), { nil: undefined }),
    etag: fc.option(fc.stringMatching(/^"[0-9a-f]{1,32}"$/), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(object, { minLength: 1, maxLength: 5 }), fc.boolean(), (objects, quiet) => {
      const elements = objects.map(({ key, versionId, etag }) =>
        group(
          'Object',
          tag('Key', key),
          ...(versionId === undefined ? [] : [tag('VersionId', versionId)]),
          ...(etag === undefined ? [] : [tag('ETag', etag)]),
        ),
      );
      expect(parseDelete(xmlDocument('Delete', tag('Quiet', quiet), ...elements))).toEqual({ quiet, objects });
    }),
  );
});

it('tags give back what they were made of', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyText, anyText), { maxLength: 12 }), (tags) => {
      const elements = tags.map(([name, value]) => group('Tag', tag('Key', name), tag('Value', value)));
      expect(parseTagging(xmlDocument('Tagging', group('TagSet', ...elements)))).toEqual(tags);
    }),
  );
});

it('a completion has numbers, ETags without quotes and checksums', () => {
  const part = group('Part', tag('ETag', '"e1"'), tag('PartNumber', 1), tag('ChecksumCRC32', 'AAAAAA=='));
  const other = group('Part', tag('PartNumber', 10_000), tag('ETag', 'e2'));
  expect(parseCompletion(xmlDocument('CompleteMultipartUpload', part, other))).toEqual([
    { number: 1, etag: 'e1', checksums: new Map([['ChecksumCRC32', 'AAAAAA==']]) },
    { number: 10_000, etag: 'e2', checksums: new Map() },
  ]);
});

it('of a bucket and its versioning what is said is read, and the rest passed over', () => {
  const configured = (constraint: string) =>
    xmlDocument('CreateBucketConfiguration', constraint, '<Tags><Tag/></Tags>');
  expect(parseLocationConstraint('')).toBeUndefined();
  expect(parseLocationConstraint(configured(''))).toBeUndefined();
  expect(parseLocationConstraint(configured('<LocationConstraint>ring:ingest</LocationConstraint>'))).toBe(
    'ring:ingest',
  );
  const versioning = xmlDocument('VersioningConfiguration', tag('Status', 'Enabled'), tag('MfaDelete', 'Disabled'));
  expect(parseVersioning(versioning)).toEqual({ status: 'Enabled', mfaDelete: 'Disabled' });
});

describe('MalformedXML is', () => {
  const objects = (count: number) => `<Delete>${'<Object><Key>k</Key></Object>'.repeat(count)}</Delete>`;
  const parts = (count: number) =>
    `<CompleteMultipartUpload>${'<Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>'.repeat(count)}</CompleteMultipartUpload>`;
  const cases: readonly [what: string, parse: (xml: string) => unknown, xml: string][] = [
    ['nothing', parseDelete, ''],
    ['no object', parseDelete, '<Delete/>'],
    ['an object without a key', parseDelete, '<Delete><Object><VersionId>v</VersionId></Object></Delete>'],
    ['1,001 objects', parseDelete, objects(1_001)],
    ['another root', parseDelete, '<Remove/>'],
    ['a document type', parseDelete, `<!DOCTYPE x [<!ENTITY e "x">]>${objects(1)}`],
    ['an unknown entity', parseDelete, '<Delete><Object><Key>&e;</Key></Object></Delete>'],
    ['elements in a key', parseDelete, '<Delete><Object><Key><a/></Key></Object></Delete>'],
    ['something after the end', parseDelete, `${objects(1)}<x/>`],
    [
      'a part without a number',
      parseCompletion,
      '<CompleteMultipartUpload><Part><ETag>e</ETag></Part></CompleteMultipartUpload>',
    ],
    ['part 0', parseCompletion, parts(1).replace('>1<', '>0<')],
    ['10,001 parts', parseCompletion, parts(10_001)],
    ['no set of tags', parseTagging, '<Tagging/>'],
    ['two sets of tags', parseTagging, '<Tagging><TagSet/><TagSet/></Tagging>'],
    ['a tag without a value', parseTagging, '<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>'],
    ['what is no tag', parseTagging, '<Tagging><TagSet><Other/></TagSet></Tagging>'],
    ['a bucket’s that is cut', parseLocationConstraint, '<CreateBucketConfiguration>'],
  ];
  it.each(cases)('%s', (_what, parse, xml) => {
    expect(codeOf(() => parse(xml))).toBe('MalformedXML');
  });

  it('1,000 objects and 10,000 parts are none', () => {
    expect(codeOf(() => parseDelete(objects(1_000)))).toBe('parsed');
    expect(codeOf(() => parseCompletion(parts(10_000)))).toBe('parsed');
  });

  it('whatever else is no document, and nothing hangs or breaks', () => {
    const pieces = fc.constantFrom('<', '>', '/', 'Delete', 'Object', 'Key', '&', ';', '"', ' ', '<!', '<?', 'x', '\0');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (chosen) => {
        expect(codeOf(() => parseDelete(chosen.join('')))).toMatch(/^(parsed|MalformedXML|InvalidArgument)$/);
      }),
    );
  });
});

it('a version id that no endpoint could have made is InvalidArgument', () => {
  const xml = '<Delete><Object><Key>k</Key><VersionId>a b</VersionId></Object></Delete>';
  expect(codeOf(() => parseDelete(xml))).toBe('InvalidArgument');
});
