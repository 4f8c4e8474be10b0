import { numberOf, passBytes, passDigits, passText, passTime } from './ascii-bytes.js';
import type { MutableVersion } from './version-page.js';

/** What is read of an entry; what else it holds is skipped. */
export type Field = 'Key' | 'VersionId' | 'IsLatest' | 'LastModified' | 'ETag' | 'Size' | 'StorageClass';

/** Where the text of a field stands in a page, before its entities are decoded. */
export interface FieldSpan {
  readonly field: Field;
  readonly start: number;
  readonly end: number;
}

/** A page of ASCII: its bytes and its characters have the same places. */
export interface AsciiPage {
  readonly bytes: Uint8Array;
  readonly text: string;
}

interface Slot {
  readonly field: Field | 'nothing';
  /** What stands between the field before and this one. */
  readonly before: Uint8Array;
}

/**
 * The form of an entry that the scanner has read: all that stands between its fields, byte by byte, its owner included.
 * Endpoints write the entries of a page alike; so the others are read by comparing these bytes, and taking what is in between.
 * Whatever a field should not hold, and a `<`, a `&` or a quote, makes an entry none of this form: the scanner reads it
 * then, or refuses it.
 */
export class EntryTemplate {
  /** Of the entry that was read last. */
  keyStart = 0;
  keyEnd = 0;
  end = 0;
  private storageClass = '';

  private constructor(
    private readonly kind: MutableVersion['kind'],
    private readonly slots: readonly Slot[],
    private readonly after: Uint8Array,
  ) {}

  /** From an entry between two places of a page, white space before it included, and its fields in their order. It is of that page alone. */
  static of(
    bytes: Uint8Array,
    kind: MutableVersion['kind'],
    spans: readonly FieldSpan[],
    from: number,
    to: number,
  ): EntryTemplate {
    let at = from;
    const slots = spans.map(({ field, start, end }): Slot => {
      const { lead, trail } = field === 'ETag' ? quotesOf(bytes, start, end) : noQuotes;
      const before = bytes.subarray(at, start + lead);
      at = end - trail;
      return { field: kind === 'deleteMarker' && isOfContent(field) ? 'nothing' : field, before };
    });
    return new EntryTemplate(kind, slots, bytes.subarray(at, to));
  }

  /** The entry that begins here, if it has this form. */
  read(page: AsciiPage, from: number): MutableVersion | undefined {
    const { kind, slots, after } = this;
    const version = {
      key: '',
      versionId: '',
      kind,
      isLatest: false,
      size: 0,
      etag: '',
      lastModified: '',
      storageClass: '',
    };
    let at = from;
    for (const { field, before } of slots) {
      const start = passBytes(page.bytes, at, before);
      at = start < 0 ? -1 : this.readField(page, field, start, version);
      if (at < 0) return undefined;
    }
    this.end = passBytes(page.bytes, at, after);
    return this.end < 0 ? undefined : version;
  }

  /** Where the field ends; -1: it is not what it should be. */
  private readField(page: AsciiPage, field: Slot['field'], start: number, version: MutableVersion): number {
    const { bytes, text } = page;
    if (field === 'LastModified') return readTime(page, start, version);
    if (field === 'Size') return readSize(bytes, start, version);
    if (field === 'IsLatest') return readFlag(bytes, start, version);
    const end = passText(bytes, start);
    switch (field) {
      case 'Key':
        this.keyStart = start;
        this.keyEnd = end;
        version.key = text.slice(start, end);
        return end > start ? end : -1;
      case 'VersionId':
        version.versionId = text.slice(start, end);
        return end > start ? end : -1;
      case 'ETag':
        version.etag = text.slice(start, end);
        return end;
      case 'StorageClass':
        version.storageClass = this.classOf(text, start, end);
        return end;
      case 'nothing':
        return end;
    }
  }

  /** Few objects of a page are of another class than the one before. */
  private classOf(text: string, start: number, end: number): string {
    const isSame = this.storageClass.length === end - start && text.startsWith(this.storageClass, start);
    if (!isSame) this.storageClass = text.slice(start, end);
    return this.storageClass;
  }
}

function readTime({ bytes, text }: AsciiPage, start: number, version: MutableVersion): number {
  const end = passTime(bytes, start);
  if (end > 0) version.lastModified = text.slice(start, end);
  return end;
}

/** More digits than are surely exact are the scanner's. */
function readSize(bytes: Uint8Array, start: number, version: MutableVersion): number {
  const end = passDigits(bytes, start);
  if (end === start || end - start > 15) return -1;
  version.size = numberOf(bytes, start, end);
  return end;
}

function readFlag(bytes: Uint8Array, start: number, version: MutableVersion): number {
  const end = passBytes(bytes, start, yes);
  version.isLatest = end > 0;
  return end > 0 ? end : passBytes(bytes, start, no);
}

const yes = Buffer.from('true');
const no = Buffer.from('false');

/** A delete marker has none, whatever an endpoint lists for it. */
const isOfContent = (field: Field): boolean => field === 'ETag' || field === 'Size' || field === 'StorageClass';

const noQuotes = { lead: 0, trail: 0 };
const quotes = ['&quot;', '&#34;', '"'].map((quote) => Buffer.from(quote));

/** How many bytes the quotes around an ETag take; none where there is not one on either side. */
function quotesOf(bytes: Uint8Array, start: number, end: number): { lead: number; trail: number } {
  const lead = quotes.find((quote) => passBytes(bytes, start, quote) > 0)?.length ?? 0;
  const trail = quotes.find((quote) => passBytes(bytes, end - quote.length, quote) > 0)?.length ?? 0;
  return lead > 0 && trail > 0 && lead + trail <= end - start ? { lead, trail } : noQuotes;
}
