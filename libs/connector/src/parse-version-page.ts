import { isAscii, isUtf8 } from 'node:buffer';
import { PermanentError } from '@mirror/runtime';
import { AlikeEntries } from './alike-entries.js';
import type { Field, FieldSpan } from './entry-template.js';
import { compareKeyBytes } from './key-order.js';
import type { ListedVersion, MutableVersion, VersionPage } from './version-page.js';
import { XmlFault, XmlScanner } from './xml-scanner.js';

/**
 * Parses the body of one ListObjectVersions answer. Unknown elements are skipped, since endpoints have their own. Throws
 * a PermanentError S3.BAD_LISTING that says what is wrong.
 */
export function parseVersionPage(body: Buffer): VersionPage {
  return parseLatin1(body.toString('latin1'));
}

/** As `parseVersionPage`; the body has a character for each of its bytes. */
export function parseLatin1(text: string): VersionPage {
  const bytes = bytesOf(text);
  // Most pages are ASCII, and need no decoding.
  if (!isAscii(bytes) || text.includes('\r')) return parseByScanner(bytes);
  return faultsTold(() => readPage(new XmlScanner(text), new AlikeEntries({ bytes, text })));
}

/** The same memory for each page, as far as it goes: a page is read at once. */
function bytesOf(text: string): Buffer {
  if (text.length > scratch.length) return Buffer.from(text, 'latin1');
  return scratch.subarray(0, scratch.write(text, 'latin1'));
}

/** Pages of 1,000 versions are from 300 KB to 1 MB. */
const scratch = Buffer.allocUnsafeSlow(1024 * 1024);

/** As `parseVersionPage`, but each entry by itself, whatever others look like. */
export function parseByScanner(body: Buffer): VersionPage {
  if (!isUtf8(body)) throw badListing('it is not UTF-8');
  const text = body.toString('utf8');
  return faultsTold(() => readPage(new XmlScanner(text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text)));
}

function faultsTold(read: () => VersionPage): VersionPage {
  try {
    return read();
  } catch (error) {
    if (error instanceof XmlFault) throw badListing(`${error.message}, at character ${error.position}`);
    throw error;
  }
}

export function badListing(what: string): PermanentError {
  return new PermanentError(`The endpoint's version listing can't be used: ${what}`, {
    code: 'S3.BAD_LISTING',
    hint: 'Nothing was changed. Look for a proxy that alters answers, or for a fault of the endpoint.',
  });
}

/** `alike`: reads what looks like an entry before it, where the page allows that. */
function readPage(scanner: XmlScanner, alike?: AlikeEntries): VersionPage {
  const head: Head = {};
  const versions: MutableVersion[] = [];
  const reader = new EntryReader(scanner);
  scanner.prolog();
  if (scanner.open() !== root) scanner.fail(`another root than <${root}>`);
  scanner.children(root, (name) => {
    const kind = kindOf(name);
    if (kind === undefined) return readHead(scanner, name, head);
    const from = scanner.openedAt;
    versions.push(reader.read(name, kind));
    alike?.learn(kind, reader.spans, from, scanner.position);
    if (alike) scanner.moveTo(alike.readAll(scanner.position, versions, maxVersions + 1));
    if (versions.length > maxVersions) scanner.fail(`more than ${maxVersions} versions`);
  });
  scanner.end();
  return finishPage(scanner, head, versions, alike);
}

function kindOf(name: string): ListedVersion['kind'] | undefined {
  if (name === 'Version') return 'version';
  return name === 'DeleteMarker' ? 'deleteMarker' : undefined;
}

const root = 'ListVersionsResult';
/** S3 gives 1,000 at most; endpoints that take `max-keys` at its word may give somewhat more. */
const maxVersions = 10_000;

interface Head {
  IsTruncated?: string;
  NextKeyMarker?: string;
  NextVersionIdMarker?: string;
  EncodingType?: string;
}

function readHead(scanner: XmlScanner, name: string, head: Head): void {
  switch (name) {
    case 'IsTruncated':
    case 'NextKeyMarker':
    case 'NextVersionIdMarker':
    case 'EncodingType':
      if (head[name] !== undefined) scanner.fail(`a second <${name}>`);
      head[name] = scanner.text(name);
      return;
    default:
      // Name, Prefix, and the markers echoed: S3 Connector decodes those, so that they are no markers any more.
      scanner.skip(name);
  }
}

const noFields = {
  Key: undefined as string | undefined,
  VersionId: undefined as string | undefined,
  IsLatest: undefined as string | undefined,
  LastModified: undefined as string | undefined,
  ETag: undefined as string | undefined,
  Size: undefined as string | undefined,
  StorageClass: undefined as string | undefined,
};
type Fields = typeof noFields;

/** Reads one entry after the other into the same fields: what a page allocates is most of what it costs. */
class EntryReader {
  /** Where the fields of the entry stand that was read last, in their order. */
  readonly spans: FieldSpan[] = [];
  private readonly fields: Fields = { ...noFields };

  constructor(private readonly scanner: XmlScanner) {}

  read(element: string, kind: ListedVersion['kind']): MutableVersion {
    Object.assign(this.fields, noFields);
    this.spans.length = 0;
    this.scanner.children(element, this.readField);
    return versionOf(this.scanner, this.fields, kind);
  }

  private readonly readField = (name: string): void => {
    const { scanner, fields, spans } = this;
    if (!isField(name)) {
      scanner.skip(name);
      return;
    }
    if (fields[name] !== undefined) scanner.fail(`a second <${name}> in one version`);
    fields[name] = scanner.text(name);
    if (scanner.textStart >= 0) spans.push({ field: name, start: scanner.textStart, end: scanner.textEnd });
  };
}

function isField(name: string): name is Field {
  switch (name) {
    case 'Key':
    case 'VersionId':
    case 'IsLatest':
    case 'LastModified':
    case 'ETag':
    case 'Size':
    case 'StorageClass':
      return true;
    default:
      return false;
  }
}

function versionOf(scanner: XmlScanner, fields: Fields, kind: ListedVersion['kind']): MutableVersion {
  const isVersion = kind === 'version';
  return {
    key: required(scanner, fields, 'Key'),
    versionId: required(scanner, fields, 'VersionId'),
    kind,
    isLatest: flag(scanner, required(scanner, fields, 'IsLatest')),
    size: isVersion ? size(scanner, required(scanner, fields, 'Size')) : 0,
    etag: isVersion ? unquote(fields.ETag ?? '') : '',
    lastModified: time(scanner, required(scanner, fields, 'LastModified')),
    storageClass: isVersion ? (fields.StorageClass ?? '') : '',
  };
}

function finishPage(scanner: XmlScanner, head: Head, versions: MutableVersion[], alike?: AlikeEntries): VersionPage {
  const decode = urlDecoder(scanner, head.EncodingType);
  if (decode && !alike?.keysAsWritten) for (const version of versions) version.key = decode(version.key);
  const isTruncated = flag(scanner, head.IsTruncated ?? scanner.fail('no <IsTruncated>'));
  const orderKept = alike?.keysAsWritten ? alike.bytesGrow : isInOrder(versions);
  const page = { versions, isTruncated, orderKept };
  if (!isTruncated) return page;
  if (!head.NextKeyMarker) scanner.fail('it says that more follows, but not from where (no <NextKeyMarker>)');
  const nextKeyMarker = decode ? decode(head.NextKeyMarker) : head.NextKeyMarker;
  return { ...page, nextKeyMarker, ...(head.NextVersionIdMarker && { nextVersionIdMarker: head.NextVersionIdMarker }) };
}

/** Keys are encoded only where the answer says so: some endpoints ignore the request for it. */
function urlDecoder(scanner: XmlScanner, encodingType: string | undefined): ((text: string) => string) | undefined {
  if (!encodingType) return undefined;
  if (encodingType !== 'url') scanner.fail(`the unknown encoding ${encodingType}`);
  return (text) => {
    // A plus is a space, as S3 itself writes it; endpoints that write %20 encode the plus of a key.
    let spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
    // Often nothing else is encoded; the decoder of the language is slow.
    if (spaced.includes('%2F')) spaced = spaced.replaceAll('%2F', '/');
    if (!spaced.includes('%')) return spaced;
    try {
      return decodeURIComponent(spaced);
    } catch {
      return scanner.fail(`a key that is not URL-encoded: ${text.slice(0, 40)}`);
    }
  };
}

function isInOrder(versions: readonly ListedVersion[]): boolean {
  let previous = '';
  for (const { key } of versions) {
    if (key === previous) continue;
    if (compareKeyBytes(previous, key) > 0) return false;
    previous = key;
  }
  return true;
}

function required(scanner: XmlScanner, fields: Fields, name: keyof Fields): string {
  return fields[name] || scanner.fail(`a version without <${name}>`);
}

function flag(scanner: XmlScanner, text: string): boolean {
  if (text !== 'true' && text !== 'false') scanner.fail(`"${text.slice(0, 20)}" where true or false should be`);
  return text === 'true';
}

function size(scanner: XmlScanner, text: string): number {
  const bytes = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(bytes) ? bytes : scanner.fail(`the size "${text.slice(0, 20)}"`);
}

const instant =
  /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?Z$/;

function time(scanner: XmlScanner, text: string): string {
  if (!instant.test(text)) scanner.fail(`the time "${text.slice(0, 30)}"`);
  const day = text.slice(8, 10);
  // Not every month has them; looked at more closely only then, because parsing a date is slow.
  const isInMonth = day <= '28' || new Date(text).toISOString().slice(8, 10) === day;
  return isInMonth ? text : scanner.fail(`the time "${text}"`);
}

function unquote(etag: string): string {
  return etag.length >= 2 && etag.startsWith('"') && etag.endsWith('"') ? etag.slice(1, -1) : etag;
}
