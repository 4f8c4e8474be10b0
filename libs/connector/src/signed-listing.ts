import type { S3Client } from '@aws-sdk/client-s3';
import { type GetAnswer, sendGet, type Wire } from './send-get.js';
import { canonicalQuery, GetSigner, type SigningIdentity } from './sign-get.js';
import { errorOfAnswer } from './translate-error.js';

interface ListingClient {
  readonly wire: Wire;
  readonly signer: GetSigner;
  /** Without a slash at its end. */
  readonly basePath: string;
}

const listingClients = new WeakMap<S3Client, ListingClient>();

/** Enables a client to list: its requests go by this wire, and so by the client's own agents and guard. */
export function prepareListing(client: S3Client, wire: Wire, identity: SigningIdentity): void {
  const { host, pathname } = wire.endpoint;
  listingClients.set(client, { wire, signer: new GetSigner(identity, host), basePath: pathname.replace(/\/$/, '') });
}

/**
 * Sends one GET of a bucket's listing, once, and answers its body as it came: complete by its announced length, bounded in bytes and in
 * time. `onFound` is told of a status 200. It goes past the SDK, whose middlewares, signer and handler
 * cost more than the request itself, but by its agents, their guard and its clock. Throws by the error table.
 */
export async function getListing(
  client: S3Client,
  bucket: string,
  query: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
  onFound: () => void,
): Promise<GetAnswer> {
  const known = listingClients.get(client);
  if (!known) throw new Error('listings are for clients that createConnectorClient made');
  const path = `${known.basePath}/${bucket}`;
  const sorted = canonicalQuery(query);
  const headers = known.signer.sign(path, sorted, new Date(Date.now() + client.config.systemClockOffset));
  const answer = await sendGet(known.wire, { path: `${path}?${sorted}`, headers, signal, onFound });
  if (answer.status === 200) return answer;
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

function refused({ status, headers }: GetAnswer, body: string): Error {
  const code = /<Code>([A-Za-z0-9.]{1,60})<\/Code>/.exec(body)?.[1];
  const message = /<Message>([^<]{0,500})<\/Message>/.exec(body)?.[1] ?? '';
  return errorOfAnswer(status, code, message, headers);
}
