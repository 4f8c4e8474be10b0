/** What is wrong with a document, and where: a character position. */
export class XmlFault extends Error {
  constructor(
    what: string,
    readonly position: number,
  ) {
    super(what);
    this.name = 'XmlFault';
  }
}

const LESS_THAN = 0x3c;
const GREATER_THAN = 0x3e;
const SLASH = 0x2f;
const maxDepth = 16;

/**
 * Reads the XML that S3 endpoints send, front to back, without building a tree: elements, attributes (skipped), text
 * and its entities. Strict: what is unbalanced, or no S3 endpoint sends (DOCTYPE, comments, CDATA, processing
 * instructions), is an XmlFault. One character class is wider than XML's: control characters pass, since keys have them.
 */
export class XmlScanner {
  #at = 0;
  /** Whether the last opened element was empty in itself: `<Prefix/>`. It has neither text nor a closing tag. */
  #selfClosed = false;
  #openedAt = 0;
  #textStart = -1;
  #textEnd = -1;

  constructor(private readonly xml: string) {}

  get position(): number {
    return this.#at;
  }

  /** Where the element begins that was opened last, white space before it included. */
  get openedAt(): number {
    return this.#openedAt;
  }

  /** Where the text that was read last begins and ends, entities and all; -1 both: its element had no place for one. */
  get textStart(): number {
    return this.#textStart;
  }

  get textEnd(): number {
    return this.#textEnd;
  }

  /** Goes on behind what was read in another way. */
  moveTo(position: number): void {
    this.#at = position;
  }

  /** Skips byte order mark, white space and the XML declaration. */
  prolog(): void {
    if (this.xml.charCodeAt(0) === 0xfeff) this.#at = 1;
    this.#skipSpace();
    if (!this.xml.startsWith('<?xml', this.#at)) return;
    this.#at = this.#after('?>');
  }

  /** The name of the element that opens here, or undefined where the one around it closes. */
  open(): string | undefined {
    const { xml } = this;
    this.#openedAt = this.#at;
    this.#skipSpace();
    if (xml.charCodeAt(this.#at) !== LESS_THAN) this.fail('text where an element should be, or the end of it');
    const start = this.#at + 1;
    if (xml.charCodeAt(start) === SLASH) return undefined;
    const end = nameEnd(xml, start);
    if (end === start) this.fail('a declaration, a comment or a broken tag');
    this.#at = end;
    if (xml.charCodeAt(end) !== GREATER_THAN) this.#skipAttributes();
    this.#selfClosed = xml.charCodeAt(this.#at) === SLASH;
    this.#at += this.#selfClosed ? 2 : 1;
    return interned(xml, start, end);
  }

  /** The text of the element that was opened last, which has no elements in it; its closing tag is read too. */
  text(name: string): string {
    this.#textStart = -1;
    this.#textEnd = -1;
    if (this.#selfClosed) return '';
    const end = this.xml.indexOf('<', this.#at);
    if (end < 0) this.fail(`no end of <${name}>`);
    const raw = this.xml.slice(this.#at, end);
    this.#textStart = this.#at;
    this.#textEnd = end;
    this.#at = end;
    this.close(name);
    return raw.includes('&') ? this.#decode(raw) : raw;
  }

  /** The names of the elements inside the one that was opened last, each opened; its closing tag is read too. */
  children(name: string, visit: (child: string) => void): void {
    if (this.#selfClosed) return;
    for (let child = this.open(); child !== undefined; child = this.open()) visit(child);
    this.close(name);
  }

  close(name: string): void {
    const { xml } = this;
    const start = this.#at;
    const end = start + 2 + name.length;
    if (!xml.startsWith('</', start) || !xml.startsWith(name, start + 2)) this.fail(`</${name}> was expected`);
    this.#at = end;
    this.#skipSpace();
    if (xml.charCodeAt(this.#at) !== GREATER_THAN) this.fail(`</${name}> was expected`);
    this.#at += 1;
  }

  /** Passes over the element that was opened last, with all that is in it. */
  skip(name: string, depth = 1): void {
    if (this.#selfClosed) return;
    if (depth > maxDepth) this.fail(`elements nested deeper than ${maxDepth}`);
    for (let child = this.#next(name); child !== undefined; child = this.#next(name)) this.skip(child, depth + 1);
    this.close(name);
  }

  /** Nothing but white space may follow. */
  end(): void {
    this.#skipSpace();
    if (this.#at < this.xml.length) this.fail('something after the document');
  }

  fail(what: string): never {
    throw new XmlFault(what, this.#at);
  }

  /** As `open`, but text before the next tag is passed over. */
  #next(name: string): string | undefined {
    const next = this.xml.indexOf('<', this.#at);
    if (next < 0) this.fail(`no end of <${name}>`);
    this.#at = next;
    return this.open();
  }

  #skipSpace(): void {
    while (isSpace(this.xml.charCodeAt(this.#at))) this.#at += 1;
  }

  #after(closing: string): number {
    const found = this.xml.indexOf(closing, this.#at);
    return found < 0 ? this.fail(`no ${closing}`) : found + closing.length;
  }

  /** Leaves the position on the `>` or the `/` of `/>`. */
  #skipAttributes(): void {
    attribute.lastIndex = this.#at;
    while (attribute.test(this.xml)) this.#at = attribute.lastIndex;
    this.#skipSpace();
    if (!this.xml.startsWith('>', this.#at) && !this.xml.startsWith('/>', this.#at)) this.fail('a broken tag');
  }

  #decode(raw: string): string {
    let text = '';
    let from = 0;
    for (let at = raw.indexOf('&'); at >= 0; at = raw.indexOf('&', from)) {
      const end = raw.indexOf(';', at) + 1;
      const character = end > 0 ? decodeEntity(raw.slice(at, end)) : undefined;
      if (character === undefined) this.fail(`the entity ${raw.slice(at, at + 12)}`);
      text += raw.slice(from, at) + character;
      from = end;
    }
    return text + raw.slice(from);
  }
}

const attribute = /\s+[A-Za-z_:][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*')/y;

const named: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&#34;': '"',
  '&#39;': "'",
};

function decodeEntity(whole: string): string | undefined {
  const known = named[whole];
  if (known !== undefined) return known;
  const [, hex, decimal] = /^&#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));$/.exec(whole) ?? [];
  const code = hex === undefined ? Number.parseInt(decimal ?? '', 10) : Number.parseInt(hex, 16);
  const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** The names of a listing by length and first letter: a scan that needs no new string for them is twice as fast. */
const known: string[] = [];
const frequent = 'Version DeleteMarker Key VersionId IsLatest LastModified ETag Size StorageClass Owner ID DisplayName';
for (const name of frequent.split(' ')) known[slotOf(name.length, name.charCodeAt(0))] = name;

function slotOf(length: number, firstLetter: number): number {
  return length * 32 + (firstLetter & 31);
}

function interned(xml: string, start: number, end: number): string {
  const candidate = end - start < 16 ? known[slotOf(end - start, xml.charCodeAt(start))] : undefined;
  return candidate !== undefined && xml.startsWith(candidate, start) ? candidate : xml.slice(start, end);
}

/** S3's names are ASCII letters; prefixed and odd ones pass, so that unknown elements can be skipped. */
function nameEnd(xml: string, start: number): number {
  let at = start;
  for (;;) {
    const code = xml.charCodeAt(at);
    const isLetter = (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
    const isOther = (code >= 0x2d && code <= 0x3a && code !== SLASH) || code === 0x5f || code >= 0x80;
    if (!isLetter && !(isOther && at > start)) return at;
    at += 1;
  }
}
