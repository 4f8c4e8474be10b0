import { createHash } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { maxAnswerBytes, maxErrorBytes, tooLarge, tooSlow } from './bound-body.js';
import { withoutBrackets } from './endpoint-guard.js';
import { entries } from './error-table.js';
import type { GuardedAgents } from './guarded-agents.js';
import { errorOf } from './translate-error.js';

/** How a client reaches its endpoint, for requests that go past the SDK. */
export interface Wire {
  readonly endpoint: URL;
  readonly agents: GuardedAgents;
  /** Until a connection stands. */
  readonly connectMs: number;
  /** From the request to the answer's headers, and again to the end of its body; of a request with a body: of silence. */
  readonly timeoutMs: number;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /**
   * The body as it came, complete by its announced length, a character a byte. Kept as buffers it would cost twice as much: their
   * memory is outside of the heap, and so much of it that comes and goes has the whole heap collected again and again.
   */
  readonly texts: readonly string[];
  /** SHA-256 of the body, in hex. */
  readonly hash: string;
}

export interface RawRequest {
  readonly method: 'GET' | 'PUT';
  /** Path and query. */
  readonly path: string;
  /** With its length among the headers; none when not given. */
  readonly body?: Buffer | undefined;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** The headers of an answer with status 200 have come. */
  onFound?(): void;
}

/** Sends one request, once, and answers whatever came: bounded in bytes and in time. Throws Node's errors and this library's. */
export function sendRequest(wire: Wire, options: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(wire, options, newRequest(wire, options), { resolve, reject });
    exchange.begin();
  });
}

/**
 * One request and its answer. Three phases, each bounded: *connecting* (not on a connection that was kept), *waiting* until the
 * headers come, *reading* until the body ends. It settles once; whatever comes later is ignored.
 */
class Exchange {
  private timer: NodeJS.Timeout | undefined;
  private readonly texts: string[] = [];
  // It has the hardware's help: as fast as SHA-1, and two to four times as fast as BLAKE2 and MD5.
  private readonly hash = createHash('sha256');
  private maxBytes = maxAnswerBytes;
  private length = 0;
  private answered = false;
  private settled = false;

  constructor(
    private readonly wire: Wire,
    private readonly options: RawRequest,
    private readonly request: ClientRequest,
    private readonly promise: { resolve(answer: RawAnswer): void; reject(error: unknown): void },
  ) {}

  begin(): void {
    const { request, options, wire } = this;
    const late = () => this.fail(tooSlow(wire.timeoutMs));
    // Bytes that are sent go on as long as they do: only silence ends them. The caller bounds the whole.
    if (options.body) request.setTimeout(wire.timeoutMs, late);
    else this.timer = setTimeout(late, wire.timeoutMs);
    request.once('socket', (socket) => socket.connecting && this.boundConnecting(socket));
    request.once('response', (response) => this.read(response));
    request.on('error', this.fail);
    // Neither an answer nor an error: the endpoint changed to a protocol that nobody asked for.
    request.once(
      'close',
      () => this.answered || this.fail(errorOf(unanswered(options), 'The endpoint ended without an answer')),
    );
    options.signal?.addEventListener('abort', this.abort);
    if (options.signal?.aborted) this.abort();
    else request.end(options.body);
  }

  private boundConnecting(socket: Socket): void {
    const { connectMs } = this.wire;
    const timer = setTimeout(() => this.fail(tooSlow(connectMs)), connectMs);
    for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(timer));
  }

  private read(response: IncomingMessage): void {
    const { statusCode: status = 0, headers } = response;
    this.answered = true;
    this.timer?.refresh();
    if (status === 200) this.options.onFound?.();
    else this.maxBytes = maxErrorBytes;
    response.on('data', (chunk: Buffer) => this.take(chunk));
    // It fails by itself when the connection ends before the announced length.
    response.on('error', this.fail);
    response.once('end', () => {
      if (this.settled) return;
      this.settle();
      // Answered before all was sent: what is left of it can't be told from the next request.
      if (!this.request.writableFinished) this.request.destroy();
      const hash = this.hash.digest('hex');
      this.promise.resolve({ status, headers: headers as RawAnswer['headers'], texts: this.texts, hash });
    });
  }

  /** The chunk's memory is used again for what comes next. */
  private take(chunk: Buffer): void {
    this.length += chunk.length;
    if (this.length > this.maxBytes) {
      this.fail(tooLarge(this.maxBytes));
      return;
    }
    this.hash.update(chunk);
    this.texts.push(chunk.toString('latin1'));
  }

  private readonly abort = (): void => this.fail(errorOf(entries.aborted, 'The request was called off'));

  private readonly fail = (error: unknown): void => {
    if (this.settled) return;
    this.settle();
    this.request.destroy();
    this.promise.reject(error);
  };

  private settle(): void {
    this.settled = true;
    clearTimeout(this.timer);
    this.options.signal?.removeEventListener('abort', this.abort);
  }
}

/** What asks only, asked something that is no S3; what writes may have been applied, whatever ended it. */
const unanswered = ({ method }: RawRequest) => (method === 'GET' ? entries.notS3 : entries.unreachable);

function newRequest({ endpoint, agents }: Wire, { method, path, headers }: RawRequest): ClientRequest {
  const options: RequestOptions = {
    method,
    host: withoutBrackets(endpoint.hostname),
    port: endpoint.port,
    path,
    headers: headers as string[],
  };
  if (endpoint.protocol === 'https:') return requestHttps({ ...options, agent: agents.httpsAgent });
  return requestHttp({ ...options, agent: method === 'GET' ? agents.listingAgent : agents.httpAgent });
}
