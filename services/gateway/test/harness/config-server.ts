import type { IncomingMessage, ServerResponse } from 'node:http';
import { type LoopbackServer, startLoopbackServer } from '@mirror/testing';

export interface ConfigKey {
  readonly id: string;
  readonly secretAccessKey: string;
  readonly role: 'reader' | 'writer';
  readonly buckets: '*' | string[];
}

export interface ConfigLocation {
  readonly name: string;
  readonly endpoint: string;
  readonly region: string;
  readonly bucketName: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly revision: string;
}

/** The config service's internal API, from a table: what the gateway asks of it, and nothing more. */
export class ConfigServer {
  readonly keys = new Map<string, ConfigKey>();
  readonly locations = new Map<string, ConfigLocation>();
  /** Paths asked for, in their order. */
  readonly asked: string[] = [];
  /** What becomes of a bucket that is to be made (then with its location constraint) or detached. */
  changeBucket: (name: string, locationConstraint?: string) => Promise<[status: number, body?: unknown]> = async () => [
    404,
    { status: 404, code: 'BUCKET.NOT_FOUND', detail: '', hint: '' },
  ];
  /** Answers 503 to everything while true. */
  isDown = false;
  #server: LoopbackServer | undefined;

  constructor(private readonly token: string) {}

  async start(): Promise<string> {
    this.#server = await startLoopbackServer((request, response) => this.#answer(request, response));
    return this.#server.url;
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push(request.url ?? '');
    const [status, body] = request.method === 'GET' ? this.#find(request) : await this.#change(request);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  async #change(request: IncomingMessage): Promise<[status: number, body?: unknown]> {
    if (this.isDown) return [503, { code: 'DOWN' }];
    const [, detached] = /^\/internal\/v1\/buckets\/([^/]+)$/.exec(request.url ?? '') ?? [];
    if (detached !== undefined) return this.changeBucket(detached);
    const { name, locationConstraint } = JSON.parse((await request.toArray()).join(''));
    return this.changeBucket(name, locationConstraint);
  }

  #find({ url = '', headers }: IncomingMessage): [status: number, body: unknown] {
    if (this.isDown) return [503, { code: 'DOWN' }];
    if (headers.authorization !== `Bearer ${this.token}`) return [401, { code: 'UNAUTHORIZED' }];
    const [, keyId] = /^\/internal\/v1\/access-keys\/([^/]+)$/.exec(url) ?? [];
    const [, location] = /^\/internal\/v1\/locations\/([^/]+)\/credentials$/.exec(url) ?? [];
    const found = this.keys.get(keyId ?? '') ?? this.locations.get(location ?? '');
    return found === undefined ? [404, { code: 'NOT_FOUND' }] : [200, found];
  }
}
