import type { S3Client } from '@aws-sdk/client-s3';
import { type RawAnswer, sendRequest, type Wire } from './send-request.js';
import {
  canonicalKey,
  canonicalQuery,
  RequestSigner,
  type SigningIdentity,
  type UnsignedRequest,
} from './sign-request.js';
import { errorOfAnswer, translateS3Error } from './translate-error.js';

interface RequestClient {
  readonly wire: Wire;
  readonly signer: RequestSigner;
  /** Without a slash at its end. */
  readonly basePath: string;
}

const requestClients = new WeakMap<S3Client, RequestClient>();

/** Enables a client to send what goes past the SDK: by this wire, and so by the client's own agents and guard. */
export function prepareRequests(client: S3Client, wire: Wire, identity: SigningIdentity): void {
  const { host, pathname } = wire.endpoint;
  const signer = new RequestSigner(identity, host);
  requestClients.set(client, { wire, signer, basePath: pathname.replace(/\/$/, '') });
}

/**
 * Sends one GET of a bucket's listing, once, and answers its body as it came: complete by its announced length, bounded in bytes and in
 * time. `onFound` is told of a status 200. Throws by the error table.
 */
export async function getListing(
  client: S3Client,
  bucket: string,
  query: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
  onFound: () => void,
): Promise<RawAnswer> {
  const request = { method: 'GET', path: `/${bucket}`, query: canonicalQuery(query), isBodyEmpty: true } as const;
  return send(client, request, { signal, onFound });
}

export interface ObjectBytes {
  readonly key: string;
  readonly bytes: Buffer;
  /** Names in lower case; `canSendPlainly` says whether these can go this way. Content-MD5 is the caller's to give. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface PutBytesAnswer {
  readonly versionId: string | undefined;
  /** The endpoint's clock, as it said it. */
  readonly date: string | undefined;
}

/** Sends one PutObject of bytes that are in memory, once. Throws by the error table. */
export async function putBytes(
  client: S3Client,
  bucket: string,
  { key, bytes, headers }: ObjectBytes,
  signal?: AbortSignal,
): Promise<PutBytesAnswer> {
  const sent = { ...headers, 'content-length': String(bytes.length) };
  const path = `/${bucket}/${canonicalKey(key)}`;
  const request = { method: 'PUT', path, query: '', headers: sent, isBodyEmpty: false } as const;
  try {
    const answer = await send(client, request, { signal, body: bytes });
    return { versionId: answer.headers['x-amz-version-id'], date: answer.headers.date };
  } catch (error) {
    throw translateS3Error(error);
  }
}

/** How the rest is signed is the SDK's to know. */
export const canSendPlainly = (headers: Readonly<Record<string, string>>): boolean =>
  Object.values(headers).every((value) => /^[\x20-\x7e]*$/.test(value));

/** Past the SDK, whose middlewares, signer and handler cost more than the request itself, but by its agents, their guard and its clock. */
async function send(
  client: S3Client,
  request: UnsignedRequest,
  options: { readonly signal: AbortSignal | undefined; readonly body?: Buffer; onFound?(): void },
): Promise<RawAnswer> {
  const known = requestClients.get(client);
  if (!known) throw new Error('these requests are for clients that createConnectorClient made');
  const path = `${known.basePath}${request.path}`;
  const headers = known.signer.sign({ ...request, path }, new Date(Date.now() + client.config.systemClockOffset));
  const target = request.query === '' ? path : `${path}?${request.query}`;
  const answer = await sendRequest(known.wire, { method: request.method, path: target, headers, ...options });
  const isDone = answer.status === 200 || (request.method === 'PUT' && answer.status > 200 && answer.status < 300);
  if (isDone) return answer;
  const body = Buffer.from(answer.texts.join(''), 'latin1').toString('utf8');
  if (answer.status === 403) followClock(client, body, answer.headers.date);
  throw refused(answer, body);
}

/** The SDK corrects its clock by what its own middlewares see; what goes past them is corrected here. */
function followClock(client: S3Client, body: string, date: string | undefined): void {
  const serverTime = Date.parse(date ?? '');
  if (body.includes('RequestTimeTooSkewed') && Number.isFinite(serverTime))
    client.config.systemClockOffset = serverTime - Date.now();
}

function refused({ status, headers }: RawAnswer, body: string): Error {
  const code = /<Code>([A-Za-z0-9.]{1,60})<\/Code>/.exec(body)?.[1];
  const message = /<Message>([^<]{0,500})<\/Message>/.exec(body)?.[1] ?? '';
  const isXml = body === '' || body.trimStart().startsWith('<');
  return errorOfAnswer(status, code, message, headers, isXml);
}
