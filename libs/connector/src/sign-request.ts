import { createHmac, hash } from 'node:crypto';

/** Whose signature it is, and for which region. */
export interface SigningIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

const EMPTY_BODY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface UnsignedRequest {
  readonly method: 'GET' | 'PUT';
  /** Encoded. */
  readonly path: string;
  /** Encoded, sorted by its names. */
  readonly query: string;
  /** Signed as well, as far as proxies leave them alone; names in lower case, values in ASCII. */
  readonly headers?: Readonly<Record<string, string>>;
  /** False: the signature does not cover it, but for the header that sums it up. */
  readonly isBodyEmpty: boolean;
}

/**
 * Signs requests to one host by Signature Version 4. The key derived for a day is kept, and nothing is asked twice: the SDK's
 * signer, made for any request, costs as much as the request itself.
 */
export class RequestSigner {
  private day = '';
  private dayKey: Buffer = Buffer.alloc(0);

  constructor(
    private readonly identity: SigningIdentity,
    private readonly host: string,
  ) {}

  /** The headers to send, names and values in turn. */
  sign({ method, path, query, headers, isBodyEmpty }: UnsignedRequest, at: Date): string[] {
    const time = at.toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const scope = `${time.slice(0, 8)}/${this.identity.region}/s3/aws4_request`;
    const payload = isBodyEmpty ? EMPTY_BODY_SHA256 : 'UNSIGNED-PAYLOAD';
    const all: Record<string, string> = {
      host: this.host,
      ...headers,
      'x-amz-content-sha256': payload,
      'x-amz-date': time,
    };
    const names = Object.keys(all).filter(isSigned).sort();
    const signedNames = names.join(';');
    const lines = names.map((name) => `${name}:${all[name]?.trim().replace(/\s+/g, ' ')}\n`).join('');
    const canonical = `${method}\n${path}\n${query}\n${lines}\n${signedNames}\n${payload}`;
    const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', canonical)}`;
    const signature = createHmac('sha256', this.keyOf(time.slice(0, 8)))
      .update(toSign)
      .digest('hex');
    const credential = `Credential=${this.identity.accessKeyId}/${scope}`;
    const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${signedNames}, Signature=${signature}`;
    return [...Object.entries(all).flat(), 'authorization', authorization, 'user-agent', 'zenko-mirror'];
  }

  private keyOf(day: string): Buffer {
    if (day === this.day) return this.dayKey;
    const { secretAccessKey, region } = this.identity;
    const parts = [day, region, 's3', 'aws4_request'];
    this.dayKey = parts.reduce(hmac, Buffer.from(`AWS4${secretAccessKey}`));
    this.day = day;
    return this.dayKey;
  }
}

/** What proxies may change on the way. */
const isSigned = (name: string): boolean => name !== 'cache-control';

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** A query as it is signed and sent: sorted by its names, all but unreserved characters escaped. */
export function canonicalQuery(query: Readonly<Record<string, string | undefined>>): string {
  const parts: string[] = [];
  for (const name of Object.keys(query).sort()) {
    const value = query[name];
    if (value !== undefined) parts.push(`${escaped(name)}=${escaped(value)}`);
  }
  return parts.join('&');
}

/** A key as it is signed and sent: its slashes stay. */
export const canonicalKey = (key: string): string => key.split('/').map(escaped).join('/');

const escaped = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, escapeMark);
const escapeMark = (mark: string): string => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`;
