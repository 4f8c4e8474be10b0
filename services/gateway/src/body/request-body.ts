import { S3Error } from '../protocol/errors.js';
import type { S3Request } from '../protocol/s3-request.js';
import type { SignatureClaim } from '../protocol/signature-claim.js';
import type { IncomingBody } from './incoming-body.js';
import { CheckedContent, readPayload } from './payload.js';

/** A body that no operation wants is read this far, to check its hash. */
const MAX_UNWANTED_BYTES = 65_536;

/** What an operation can do with the body of its request: stream it, take it as text, or do without. */
export class RequestBody {
  constructor(
    private readonly incoming: IncomingBody,
    private readonly request: S3Request,
    private readonly claim: SignatureClaim,
    private readonly secret: string,
  ) {}

  /** The content, to be read once. Throws what `readPayload` throws, and EntityTooLarge, before a byte is asked for. */
  content(maxBytes: number): CheckedContent {
    const payload = readPayload(this.request, this.claim, this.secret);
    if (payload.length <= maxBytes) return new CheckedContent(payload, this.incoming);
    throw new S3Error('EntityTooLarge', { elements: { ProposedSize: payload.length, MaxSizeAllowed: maxBytes } });
  }

  /**
   * The whole content as UTF-8; '' where there is none. `ofObject`: the checksum in the headers is that of an object which the
   * content speaks of. Throws MalformedXML, MaxMessageLengthExceeded.
   */
  async text(maxBytes: number, checksums: 'ofContent' | 'ofObject' = 'ofContent'): Promise<string> {
    if (!this.incoming.isAnnounced) {
      await this.refuse();
      return '';
    }
    const payload = readPayload(this.request, this.claim, this.secret, checksums);
    if (payload.length > maxBytes) {
      throw new S3Error('MaxMessageLengthExceeded', { elements: { MaxMessageLengthBytes: maxBytes } });
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of new CheckedContent(payload, this.incoming)) pieces.push(piece);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
    } catch {
      throw new S3Error('MalformedXML');
    }
  }

  /** Checks that there is no content other than what was signed, where a hash was. Throws InvalidRequest for a long one. */
  async refuse(): Promise<void> {
    const sha256 = /^[0-9a-f]{64}$/.test(this.claim.payloadHash) ? this.claim.payloadHash : undefined;
    if (sha256 === undefined) return;
    const { length, isWithheld } = this.incoming;
    if (length === undefined || length > MAX_UNWANTED_BYTES || isWithheld) throw takesNone();
    const unwanted = { framing: undefined, length, sha256, md5: undefined, checksum: undefined };
    for await (const piece of new CheckedContent(unwanted, this.incoming)) void piece;
  }
}

const takesNone = (): S3Error => new S3Error('InvalidRequest', { message: 'This operation takes no body.' });
