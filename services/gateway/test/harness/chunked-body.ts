import { createHash, createHmac } from 'node:crypto';
import type { SignatureClaim } from '../../src/protocol/signature-claim.js';
import { signingKey } from '../../src/protocol/sigv4.js';

/** What a client signs the chunks of a body with. */
export interface ChunkSigning {
  readonly claim: Pick<SignatureClaim, 'credential' | 'timestamp' | 'signature'>;
  readonly secret: string;
}

const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');

/** An aws-chunked body. `cuts` are sizes of chunks, the rest is one more. Without signing: the unsigned form. */
export function chunkedBody(
  content: Buffer,
  cuts: readonly number[],
  signing: ChunkSigning | undefined,
  trailers?: Readonly<Record<string, string>>,
): Buffer {
  const sign = signing && signer(signing);
  const head = (data: Buffer): string => {
    const size = data.length.toString(16);
    return sign === undefined ? size : `${size};chunk-signature=${sign('PAYLOAD', `${sha256('')}\n${sha256(data)}`)}`;
  };
  const out: Buffer[] = [];
  let at = 0;
  for (const size of [...cuts, content.length]) {
    const data = content.subarray(at, at + size);
    at += data.length;
    if (data.length > 0) out.push(Buffer.from(`${head(data)}\r\n`), data, Buffer.from('\r\n'));
  }
  out.push(Buffer.from(`${head(Buffer.alloc(0))}\r\n`));
  const lines = Object.entries(trailers ?? {}).map(([name, value]) => `${name}:${value}`);
  const hashed = sha256(lines.map((line) => `${line}\n`).join(''));
  if (trailers && sign) lines.push(`x-amz-trailer-signature:${sign('TRAILER', hashed)}`);
  out.push(Buffer.from([...lines, '', ''].join('\r\n')));
  return Buffer.concat(out);
}

/** Each signature is made over the one before. */
function signer({ claim, secret }: ChunkSigning): (what: string, hashed: string) => string {
  const { date, region, service } = claim.credential;
  const key = signingKey(claim.credential, secret);
  let previous = claim.signature;
  return (what, hashed) => {
    const context = `${claim.timestamp}\n${date}/${region}/${service}/aws4_request`;
    const text = `AWS4-HMAC-SHA256-${what}\n${context}\n${previous}\n${hashed}`;
    previous = createHmac('sha256', key).update(text).digest('hex');
    return previous;
  };
}
