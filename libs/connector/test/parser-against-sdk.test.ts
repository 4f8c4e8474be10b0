import { Readable } from 'node:stream';
import { ListObjectVersionsCommand, type ListObjectVersionsCommandOutput, S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parseVersionPage, type VersionPage } from '../src/index.js';

let answer = '';
/** Its requests go nowhere: each is answered with what was generated. */
const sdk = new S3Client({
  region: 'us-east-1',
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  requestHandler: {
    handle: async () => ({ response: { statusCode: 200, headers: {}, body: Readable.from([Buffer.from(answer)]) } }),
  } as never,
});

afterAll(() => sdk.destroy());

const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);
/** Anything but what the SDK reads otherwise than XML says: white space alone, and literal line ends. */
const keyText = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 12 })
  .map((text) => `k${text.replaceAll('\r', '')}`);
const plainText = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }).map((text) => `t${text}`);
const instant = fc
  .date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .chain((date) => oneOf(date.toISOString(), date.toISOString().replace(/\.\d+Z/, 'Z')));

const entry = fc.record(
  {
    element: oneOf('Version', 'DeleteMarker'),
    Key: keyText,
    VersionId: fc.oneof(fc.constant('null'), plainText),
    IsLatest: fc.boolean().map(String),
    LastModified: instant,
    Size: fc.nat().map(String),
    ETag: plainText.map((text) => `"${text.replaceAll('"', '')}"`),
    StorageClass: oneOf('STANDARD', 'GLACIER'),
    Owner: fc.constant('<ID>x</ID><DisplayName>Bart &amp; Lisa</DisplayName>'),
  },
  { requiredKeys: ['element', 'Key', 'VersionId', 'IsLatest', 'LastModified', 'Size'] },
);

const listing = fc.record({
  entries: fc.array(entry, { maxLength: 12 }),
  url: fc.boolean(),
  isTruncated: fc.boolean(),
  marker: keyText,
  markerId: fc.option(plainText, { nil: undefined }),
  // The SDK takes white space without a line end between elements for text.
  space: oneOf('', '\n', '\n  '),
  style: oneOf('named', 'decimal', 'hex'),
  headLast: fc.boolean(),
});
type Listing = typeof listing extends fc.Arbitrary<infer T> ? T : never;

describe('the page parser', () => {
  it('reads every page as the AWS SDK does', async () => {
    await fc.assert(
      fc.asyncProperty(listing, async (generated) => {
        answer = write(generated);
        const ours = parseVersionPage(Buffer.from(answer));
        const theirs = await sdk.send(new ListObjectVersionsCommand({ Bucket: 'any-bucket' }));
        expect(asSdk(ours)).toEqual(fromSdk(theirs, generated.url));
        expect(ours.versions.map(({ kind }) => kind)).toEqual(
          generated.entries.map(({ element }) => (element === 'Version' ? 'version' : 'deleteMarker')),
        );
      }),
      { numRuns: 1500, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true },
    );
  });

  it('never reads a damaged page as a whole one, nor fails in another way than by its error', () => {
    const damage = fc.tuple(listing, fc.nat(), fc.nat(20), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(damage, ([generated, at, length, instead]) => {
        const whole = Buffer.from(write(generated).trimEnd());
        const start = at % whole.length;
        const damaged = Buffer.concat([whole.subarray(0, start), Buffer.from(instead), whole.subarray(start + length)]);
        const cut = whole.subarray(0, start);
        expect(() => parseVersionPage(cut)).toThrow(expect.objectContaining({ code: 'S3.BAD_LISTING' }));
        try {
          parseVersionPage(damaged);
        } catch (error) {
          expect(error).toMatchObject({ code: 'S3.BAD_LISTING' });
        }
      }),
      { numRuns: 1500, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true },
    );
  });
});

function write({ entries, url, isTruncated, marker, markerId, space, style, headLast }: Listing): string {
  const text = (value: string) => escapeXml(value, style);
  const key = (value: string) => text(url ? encodeURIComponent(value).replaceAll('%20', '+') : value);
  const head = [
    url ? '<EncodingType>url</EncodingType>' : '',
    `<IsTruncated>${isTruncated}</IsTruncated><Prefix/><Name>any-bucket</Name>`,
    isTruncated ? `<NextKeyMarker>${key(marker)}</NextKeyMarker>` : '',
    isTruncated && markerId !== undefined ? `<NextVersionIdMarker>${text(markerId)}</NextVersionIdMarker>` : '',
  ].join(space);
  const body = entries.map(({ element, Owner, Key, ...fields }) => {
    const own = Object.entries(fields).map(([name, value]) => `<${name}>${text(value ?? '')}</${name}>`);
    const owner = Owner === undefined ? '' : `<Owner>${Owner}</Owner>`;
    return `<${element}>${space}<Key>${key(Key)}</Key>${owner}${own.join(space)}${space}</${element}>`;
  });
  const content = headLast ? [...body, head] : [head, ...body];
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content.join(space)}</ListVersionsResult>${space}`;
}

const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

function escapeXml(value: string, how: string): string {
  return value.replace(/[&<>"']|[\p{Cc}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code === 0) return '\u2400'; // XML has no form for it
    if (how === 'named' && names[character]) return names[character];
    return how === 'hex' ? `&#x${code.toString(16).toUpperCase()};` : `&#${code};`;
  });
}

function asSdk(page: VersionPage) {
  const entries = (kind: string) => page.versions.filter((version) => version.kind === kind);
  return {
    versions: entries('version').map(({ kind, ...rest }) => ({ ...rest, lastModified: Date.parse(rest.lastModified) })),
    markers: entries('deleteMarker').map(({ key, versionId, isLatest, lastModified }) => ({
      key,
      versionId,
      isLatest,
      lastModified: Date.parse(lastModified),
    })),
    isTruncated: page.isTruncated,
    nextKeyMarker: page.nextKeyMarker,
    nextVersionIdMarker: page.nextVersionIdMarker,
  };
}

function fromSdk(page: ListObjectVersionsCommandOutput, url: boolean) {
  const decode = (text: string | undefined) => (url && text ? decodeURIComponent(text.replaceAll('+', ' ')) : text);
  const common = (entry: NonNullable<ListObjectVersionsCommandOutput['DeleteMarkers']>[number]) => ({
    key: decode(entry.Key),
    versionId: entry.VersionId,
    isLatest: entry.IsLatest,
    lastModified: entry.LastModified?.getTime(),
  });
  return {
    versions: (page.Versions ?? []).map((entry) => ({
      ...common(entry),
      size: entry.Size,
      etag: (entry.ETag ?? '').replace(/^"(.*)"$/s, '$1'),
      storageClass: entry.StorageClass ?? '',
    })),
    markers: (page.DeleteMarkers ?? []).map(common),
    isTruncated: page.IsTruncated,
    nextKeyMarker: decode(page.NextKeyMarker),
    nextVersionIdMarker: page.NextVersionIdMarker,
  };
}
