import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { S3Error } from './protocol/errors.js';

const SHA256 = /^[0-9a-f]{64}$/;
/** Reads have no body; one that comes nevertheless is read this far, to check its hash. */
const MAX_READ_BYTES = 65_536;
/** An unread body up to this is drained by Node after the answer, so that the connection can be used again. */
const MAX_DRAINED_BYTES = 1_048_576;

/** Checks the body of a read against the hash that was signed for it; other forms of payload are not looked at. */
export async function checkBody(incoming: IncomingMessage, payloadHash: string): Promise<void> {
  if (!SHA256.test(payloadHash)) return;
  const hash = createHash('sha256');
  if (announcesBody(incoming)) for await (const chunk of readLimited(incoming)) hash.update(chunk);
  const computed = hash.digest('hex');
  if (computed === payloadHash) return;
  throw new S3Error('XAmzContentSHA256Mismatch', {
    elements: { ClientComputedContentSHA256: payloadHash, S3ComputedContentSHA256: computed },
  });
}

async function* readLimited(incoming: IncomingMessage): AsyncGenerator<Buffer, void> {
  let bytes = 0;
  const tooMuch = new S3Error('InvalidRequest', { message: 'This operation takes no body.' });
  if (expectsContinue(incoming)) throw tooMuch;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > MAX_READ_BYTES) throw tooMuch;
    yield chunk;
  }
}

/**
 * Whether the connection must end with this answer. A client that was not told to continue may send its body or not: what
 * follows on the connection could be either, so it can't be used again. Nor is a long body worth reading to its end.
 */
export function mustCloseAfter(incoming: IncomingMessage): boolean {
  if (!announcesBody(incoming) || incoming.readableEnded) return false;
  const length = Number(incoming.headers['content-length'] ?? Number.NaN);
  return expectsContinue(incoming) || !(length <= MAX_DRAINED_BYTES);
}

export function announcesBody(incoming: IncomingMessage): boolean {
  return incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0;
}

const expectsContinue = (incoming: IncomingMessage): boolean =>
  incoming.headers.expect?.toLowerCase() === '100-continue';
