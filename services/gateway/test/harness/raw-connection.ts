import { connect, type Socket } from 'node:net';
import { waitFor } from '@mirror/testing';

/** One TCP connection on which a test writes HTTP by hand. */
export class RawConnection {
  /** Everything that came back and was not taken yet. */
  received = '';
  isClosed = false;
  readonly #socket: Socket;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text) => {
      this.received += text;
    });
    this.#socket.on('close', () => {
      this.isClosed = true;
    });
    this.#socket.on('error', () => {});
  }

  send(...lines: readonly string[]): void {
    this.#socket.write(lines.join('\r\n'), 'latin1');
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Nothing more will be sent; what comes back is still read. */
  finish(): void {
    this.#socket.end();
  }

  /** Waits for one whole answer (a head with its content-length), takes and returns it. */
  async answer(timeoutMs = 5_000): Promise<{ head: string; body: string }> {
    return waitFor(() => this.#take(), { what: 'an answer', timeoutMs, intervalMs: 5 });
  }

  waitUntilClosed(): Promise<true> {
    return waitFor(() => this.isClosed, { what: 'the connection to be closed' });
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(): { head: string; body: string } | undefined {
    const headEnd = this.received.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const head = this.received.slice(0, headEnd);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (this.received.length < headEnd + 4 + length) return undefined;
    const body = this.received.slice(headEnd + 4, headEnd + 4 + length);
    this.received = this.received.slice(headEnd + 4 + length);
    return { head, body };
  }
}
