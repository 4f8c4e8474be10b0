import { hasEscapes, isAfter } from './ascii-bytes.js';
import { type AsciiPage, EntryTemplate, type FieldSpan } from './entry-template.js';
import type { MutableVersion } from './version-page.js';

/** Versions and delete markers, of some owners. */
const MAX_TEMPLATES = 4;
/** A page whose entries take new forms again and again is left to the scanner. */
const MAX_LEARNED = 32;

/**
 * Reads the entries of one page that look like others of it. What the scanner has read is told here by `learn`; `readAll`
 * then reads what follows, as long as it is alike.
 */
export class AlikeEntries {
  /** No key holds what stands for another character: each is as it is written. */
  keysAsWritten = true;
  /** The bytes of the keys, as they are written, only grow. */
  bytesGrow = true;
  /** The one that read last comes first. */
  private readonly templates: EntryTemplate[] = [];
  private learned = 0;
  private keyStart = 0;
  private keyEnd = 0;

  constructor(private readonly page: AsciiPage) {}

  learn(kind: MutableVersion['kind'], spans: readonly FieldSpan[], from: number, to: number): void {
    const key = spans.find(({ field }) => field === 'Key');
    if (key) this.noteKey(key.start, key.end);
    this.learned += 1;
    if (this.learned > MAX_LEARNED) return;
    this.templates.unshift(EntryTemplate.of(this.page.bytes, kind, spans, from, to));
    if (this.templates.length > MAX_TEMPLATES) this.templates.pop();
  }

  /** Adds the entries from here on, up to so many in all, and answers where the last of them ends. */
  readAll(from: number, versions: MutableVersion[], most: number): number {
    let at = from;
    while (versions.length < most) {
      const version = this.readOne(at);
      const template = this.templates[0];
      if (!version || !template) break;
      versions.push(version);
      this.noteKey(template.keyStart, template.keyEnd);
      at = template.end;
    }
    return at;
  }

  private readOne(at: number): MutableVersion | undefined {
    const { templates, page } = this;
    for (let index = 0; index < templates.length; index += 1) {
      const template = templates[index];
      const version = template?.read(page, at);
      if (!template || !version) continue;
      if (index > 0) templates.unshift(...templates.splice(index, 1));
      return version;
    }
    return undefined;
  }

  private noteKey(start: number, end: number): void {
    const { bytes } = this.page;
    if (isAfter(bytes, this.keyStart, this.keyEnd, start, end)) this.bytesGrow = false;
    if (this.keysAsWritten && hasEscapes(bytes, start, end)) this.keysAsWritten = false;
    this.keyStart = start;
    this.keyEnd = end;
  }
}
