import { createHmac, hash } from 'node:crypto';

/** Whose signature it is, and for which region. */
export interface SigningIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

const EMPTY_BODY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const SIGNED_HEADERS = 'host;x-amz-content-sha256;x-amz-date';

/**
 * Signs requests without a body to one host by Signature Version 4. The key derived for a day is kept, and what all requests
 * have in common is written once: the SDK's signer, made for any request, costs as much as the request itself.
 */
export class GetSigner {
  private day = '';
  private dayKey: Buffer = Buffer.alloc(0);

  constructor(
    private readonly identity: SigningIdentity,
    private readonly host: string,
  ) {}

  /** The headers to send, names and values in turn. `path` and `query` are encoded, the query sorted by its names. */
  sign(path: string, query: string, at: Date): string[] {
    const time = at.toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const scope = `${time.slice(0, 8)}/${this.identity.region}/s3/aws4_request`;
    const headers = `host:${this.host}\nx-amz-content-sha256:${EMPTY_BODY_SHA256}\nx-amz-date:${time}\n`;
    const canonical = `GET\n${path}\n${query}\n${headers}\n${SIGNED_HEADERS}\n${EMPTY_BODY_SHA256}`;
    const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', canonical)}`;
    const signature = createHmac('sha256', this.keyOf(time.slice(0, 8)))
      .update(toSign)
      .digest('hex');
    const credential = `Credential=${this.identity.accessKeyId}/${scope}`;
    const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${SIGNED_HEADERS}, Signature=${signature}`;
    const signed = ['Host', this.host, 'X-Amz-Content-Sha256', EMPTY_BODY_SHA256, 'X-Amz-Date', time];
    return [...signed, 'Authorization', authorization, 'User-Agent', 'zenko-mirror'];
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

const escaped = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, escapeMark);
const escapeMark = (mark: string): string => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`;
