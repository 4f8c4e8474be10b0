import { S3Error } from '../protocol/errors.js';

const NEWLINE = 0x0a;
const EMPTY = Buffer.alloc(0);

/** Takes lines and runs of bytes off a stream, holding no more of it than its last piece and one line. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Buffer = EMPTY;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next line, without its CRLF, one character a byte. Throws IncompleteBody at the end, or past `maxBytes`. */
  async line(maxBytes: number): Promise<string> {
    const line = await this.rawLine(maxBytes + 1);
    if (!line.endsWith('\r')) throw malformed();
    return line.slice(0, -1);
  }

  /** As `line`, but a carriage return at its end is left on it. */
  async rawLine(maxBytes: number): Promise<string> {
    let searched = 0;
    for (;;) {
      const end = this.#held.indexOf(NEWLINE, searched);
      if (end >= 0 && end <= maxBytes) return this.#takeLine(end);
      searched = this.#held.length;
      if (end >= 0 || searched > maxBytes) throw malformed();
      await this.#readMore();
    }
  }

  /** The next `length` bytes, as they arrive. Throws IncompleteBody when the stream ends before. */
  async *take(length: number): AsyncGenerator<Buffer, void> {
    let left = length;
    while (left > 0) {
      if (this.#held.length === 0) await this.#readMore();
      const piece = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  /** Whether nothing follows. */
  async isAtEnd(): Promise<boolean> {
    while (this.#held.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return true;
      this.#held = toBuffer(next.value);
    }
    return false;
  }

  /** Lets the stream go, read to its end or not. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  #takeLine(end: number): string {
    const line = this.#held.toString('latin1', 0, end);
    this.#held = this.#held.subarray(end + 1);
    return line;
  }

  async #readMore(): Promise<void> {
    const next = await this.#source.next();
    if (next.done === true) throw new S3Error('IncompleteBody');
    this.#held = this.#held.length === 0 ? toBuffer(next.value) : Buffer.concat([this.#held, next.value]);
  }
}

const toBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** What is no aws-chunked body: S3 has no better word for it. */
export const malformed = (): S3Error =>
  new S3Error('IncompleteBody', { message: 'The request body is not well-formed in its aws-chunked encoding.' });
