import type { IncomingMessage } from 'node:http';
import type { S3Client } from '@aws-sdk/client-s3';
import { answerTimeoutOf, maxAnswerBytes, maxErrorBytes, tooLarge, tooSlow } from './bound-body.js';
import { entries } from './error-table.js';
import { errorOf, errorOfAnswer } from './translate-error.js';

/** What the SDK's signer and its HTTP handler take and give, as far as it is used here. */
interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number | undefined;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
}

interface SdkAnswer {
  readonly response: {
    readonly statusCode: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: IncomingMessage;
  };
}

interface Wire {
  readonly host: Omit<SdkRequest, 'method' | 'query' | 'headers' | 'path'>;
  readonly basePath: string;
  readonly hostHeader: string;
  sign(request: SdkRequest, options: { readonly signingDate: Date }): Promise<SdkRequest>;
}

const EMPTY_BODY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/**
 * Sends one GET of a bucket's listing, once, and answers the chunks of its body as they came: complete by its announced length,
 * bounded in bytes and in time. Signed by the SDK's signer and sent by the client's own handler, so that its guard and
 * timeouts hold, `onAnswer` being told of a status 200; the SDK's middlewares, which would cost more than the request itself, are left out. Throws by the error table.
 */
export async function getListing(
  client: S3Client,
  bucket: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
  onAnswer: () => void,
): Promise<Buffer[]> {
  const { host, basePath, hostHeader, sign } = await wireOf(client);
  const request = {
    ...host,
    method: 'GET',
    path: `${basePath}/${bucket}`,
    query: { ...query },
    headers: { host: hostHeader, 'x-amz-content-sha256': EMPTY_BODY_SHA256, 'user-agent': 'zenko-mirror' },
  };
  const signingDate = new Date(Date.now() + client.config.systemClockOffset);
  const signed = await sign(request, { signingDate });
  const { response } = await handlerOf(client).handle(signed, { abortSignal: signal });
  const timeoutMs = answerTimeoutOf(client);
  if (response.statusCode === 200) {
    onAnswer();
    return readBody(response.body, maxAnswerBytes, timeoutMs, signal);
  }
  const body = Buffer.concat(await readBody(response.body, maxErrorBytes, timeoutMs, signal)).toString('utf8');
  if (response.statusCode === 403) followClock(client, body, response.headers.date);
  throw refused(response.statusCode, response.headers, body);
}

const wires = new WeakMap<S3Client, Promise<Wire>>();

function wireOf(client: S3Client): Promise<Wire> {
  const known = wires.get(client);
  if (known) return known;
  const wire = makeWire(client);
  wires.set(client, wire);
  wire.catch(() => wires.delete(client));
  return wire;
}

async function makeWire({ config }: S3Client): Promise<Wire> {
  const region = await config.region();
  const scheme = { schemeId: 'aws.auth#sigv4', signingProperties: {} };
  const signer = await config.signer({
    ...scheme,
    name: 'sigv4',
    signingName: 's3',
    signingRegion: region,
    properties: {},
  });
  if (!config.endpoint) throw new Error('a connector client has an endpoint');
  const { protocol, hostname, port, path } = await config.endpoint();
  return {
    host: { protocol, hostname, port },
    basePath: path === '/' ? '' : path.replace(/\/$/, ''),
    hostHeader: port === undefined ? hostname : `${hostname}:${port}`,
    sign: (request, options) => signer.sign(request as never, options) as Promise<SdkRequest>,
  };
}

const handlerOf = (client: S3Client) =>
  client.config.requestHandler as unknown as {
    handle(request: SdkRequest, options: { readonly abortSignal?: AbortSignal | undefined }): Promise<SdkAnswer>;
  };

/** The stream fails by itself when the connection ends before the announced length. */
function readBody(
  body: IncomingMessage,
  maxBytes: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let left = maxBytes;
    const fail = (error: Error): void => void body.destroy(error);
    const abort = (): void => fail(errorOf(entries.aborted, 'The listing was called off'));
    const timer = setTimeout(() => fail(tooSlow(timeoutMs)), timeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    body.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) fail(tooLarge(maxBytes));
      else chunks.push(chunk);
    });
    body.once('end', () => resolve(chunks));
    body.once('error', reject);
    body.once('close', done);
    if (signal?.aborted) abort();
  });
}

/** The SDK corrects its clock by what its own middlewares see; what goes past them is corrected here. */
function followClock(client: S3Client, body: string, date: string | undefined): void {
  const serverTime = Date.parse(date ?? '');
  if (body.includes('RequestTimeTooSkewed') && Number.isFinite(serverTime))
    client.config.systemClockOffset = serverTime - Date.now();
}

function refused(status: number, headers: Readonly<Record<string, string>>, body: string): Error {
  const code = /<Code>([A-Za-z0-9.]{1,60})<\/Code>/.exec(body)?.[1];
  const message = /<Message>([^<]{0,500})<\/Message>/.exec(body)?.[1] ?? '';
  return errorOfAnswer(status, code, message, headers);
}
