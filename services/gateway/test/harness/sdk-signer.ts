import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import type { ToolAccess } from '@mirror/testing';
import { SignatureV4 } from '@smithy/signature-v4';

/** Node's own hashing in the shape that the SDK asks for. */
class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer);
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

/** The SDK's own signer, as its S3 client uses it. */
export function sdkSigner(accessKeyId: string, secretAccessKey: string): SignatureV4 {
  return new SignatureV4({
    credentials: { accessKeyId, secretAccessKey },
    region: 'us-east-1',
    service: 's3',
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: true,
  });
}

/** As the SDK writes a path's segment or a query's parts. */
export const escapeUri = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export interface PresignOptions extends ToolAccess {
  readonly query?: Record<string, string>;
  readonly signedAt?: Date;
  /** Seconds. */
  readonly expiresIn?: number;
  readonly method?: string;
  /** Those of `x-amz-` become part of the URL. */
  readonly headers?: Record<string, string>;
}

/** A presigned URL, of a GET where no method is given. */
export async function presign(options: PresignOptions, key: string): Promise<string> {
  const { host, hostname } = new URL(options.endpoint);
  const request = {
    method: options.method ?? 'GET',
    protocol: 'http:',
    hostname,
    path: `/${options.bucket}/${key.split('/').map(escapeUri).join('/')}`,
    query: { ...options.query },
    headers: { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...options.headers },
  };
  const { signedAt: signingDate = new Date(), expiresIn = 60 } = options;
  const signed = await sdkSigner(options.accessKeyId, options.secretAccessKey).presign(request, {
    signingDate,
    expiresIn,
  });
  const query = Object.entries(signed.query ?? {}).map(
    ([name, value]) => `${escapeUri(name)}=${escapeUri(String(value))}`,
  );
  return `http://${host}${signed.path}?${query.join('&')}`;
}
