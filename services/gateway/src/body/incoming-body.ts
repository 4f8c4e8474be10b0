import type { IncomingMessage, ServerResponse } from 'node:http';
import { S3Error } from '../protocol/errors.js';

/** Nothing comes from the client for so long: it is told, and left. */
const STALL_MS = 60_000;
/** An unread body up to this is drained after the answer, so that the connection can be used again. */
const MAX_DRAINED_BYTES = 1_048_576;
/** How long a client that sends more than that is listened to before it is answered: it may not look while it writes. */
const DRAIN_MS = 2_000;
const DRAIN_PAUSE_MS = 300;
/** Requests whose connection ended inside their body, and can still be answered; the event of it is emitted on them. */
const truncated = new WeakSet<IncomingMessage>();
const TRUNCATED = 'truncatedBody';

/** The body of one request as it comes off the wire. Nothing of it is asked for before it is read. */
export class IncomingBody {
  #wasAskedFor = false;

  constructor(
    private readonly incoming: IncomingMessage,
    private readonly response: Pick<ServerResponse, 'writeContinue'>,
    private readonly stallMs = STALL_MS,
  ) {}

  get isAnnounced(): boolean {
    return announcesBody(this.incoming);
  }

  /** Bytes on the wire; undefined where the request does not say. */
  get length(): number | undefined {
    const { headers } = this.incoming;
    if (headers['transfer-encoding'] !== undefined) return undefined;
    return Number(headers['content-length'] ?? 0);
  }

  /** The client waits to be told to send it, and was not. */
  get isWithheld(): boolean {
    return this.isAnnounced && expectsContinue(this.incoming) && !this.#wasAskedFor;
  }

  /** Reads it once. Throws IncompleteBody when the client leaves, RequestTimeout when nothing comes. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    const { incoming } = this;
    if (!this.isAnnounced) return;
    this.#askFor();
    try {
      while (!incoming.readableEnded) {
        if (incoming.destroyed || truncated.has(incoming)) throw new S3Error('IncompleteBody');
        const piece: Buffer | null = incoming.read();
        if (piece === null) await this.#wait();
        else yield piece;
      }
      if (!incoming.complete) throw new S3Error('IncompleteBody');
    } finally {
      incoming.resume();
    }
  }

  /**
   * Whether the connection must end with this answer. A client that was not told to continue may send its body or not: what
   * follows on the connection could be either, so it can't be used again. Nor is a long body worth reading to its end.
   */
  get mustCloseAfter(): boolean {
    const { incoming } = this;
    if (!this.isAnnounced || incoming.readableEnded) return false;
    if (truncated.has(incoming)) return true;
    return this.isWithheld || (this.length ?? Number.POSITIVE_INFINITY) > MAX_DRAINED_BYTES;
  }

  /** Reads and drops what a client still sends, for a moment: closing the connection under it would lose the answer. */
  async drain(): Promise<void> {
    const { incoming } = this;
    if (this.isWithheld) return;
    const until = performance.now() + DRAIN_MS;
    let read = -1;
    while (!incoming.readableEnded && !incoming.destroyed && performance.now() < until) {
      const { bytesRead } = incoming.socket;
      if (bytesRead === read) return;
      read = bytesRead;
      incoming.resume();
      await new Promise((resolve) => setTimeout(resolve, DRAIN_PAUSE_MS).unref());
    }
  }

  #askFor(): void {
    if (this.isWithheld) this.response.writeContinue();
    this.#wasAskedFor = true;
  }

  /** Until there may be more to read, or it has ended. */
  #wait(): Promise<void> {
    const { incoming } = this;
    return new Promise((resolve, reject) => {
      const settle = (fault?: S3Error): void => {
        clearTimeout(timer);
        incoming.off('readable', onMore).off('end', onMore).off('close', onLeft).off('error', onLeft);
        incoming.off(TRUNCATED, onLeft);
        if (fault === undefined) resolve();
        else reject(fault);
      };
      const onMore = () => settle();
      const onLeft = () => settle(new S3Error('IncompleteBody'));
      const timer = setTimeout(() => settle(new S3Error('RequestTimeout')), this.stallMs);
      incoming.on('readable', onMore).on('end', onMore).on('close', onLeft).on('error', onLeft);
      incoming.on(TRUNCATED, onLeft);
    });
  }
}

export function announcesBody(incoming: IncomingMessage): boolean {
  return incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0;
}

/** Says that the rest of a body will not come. */
export function endTruncated(incoming: IncomingMessage): void {
  truncated.add(incoming);
  incoming.emit(TRUNCATED);
}

const expectsContinue = (incoming: IncomingMessage): boolean =>
  incoming.headers.expect?.toLowerCase() === '100-continue';
