import { createHash, createHmac } from 'node:crypto';
import { S3Error } from '../protocol/errors.js';
import type { SignatureClaim } from '../protocol/signature-claim.js';
import { ALGORITHM, isSameSignature, signingKey } from '../protocol/sigv4.js';

const NOTHING_HASHED = createHash('sha256').digest('hex');

/** Verifies the signatures of a body's chunks: each is made over the one before, the first over the request's own. */
export class ChunkSigner {
  readonly #key: Buffer;
  readonly #context: string;
  #previous: string;

  constructor(claim: SignatureClaim, secret: string) {
    const { date, region, service } = claim.credential;
    this.#key = signingKey(claim.credential, secret);
    this.#context = `${claim.timestamp}\n${date}/${region}/${service}/aws4_request`;
    this.#previous = claim.signature;
  }

  /** `contentHash` is the SHA-256 of the chunk's bytes, in hexadecimal. Throws SignatureDoesNotMatch. */
  checkChunk(signature: string, contentHash: string): void {
    this.#check('PAYLOAD', signature, `${NOTHING_HASHED}\n${contentHash}`);
  }

  /** `lines` are the trailers as `name:value\n`. Throws SignatureDoesNotMatch. */
  checkTrailer(signature: string, lines: string): void {
    this.#check('TRAILER', signature, createHash('sha256').update(lines, 'latin1').digest('hex'));
  }

  #check(what: 'PAYLOAD' | 'TRAILER', signature: string, hashed: string): void {
    const stringToSign = `${ALGORITHM}-${what}\n${this.#context}\n${this.#previous}\n${hashed}`;
    const expected = createHmac('sha256', this.#key).update(stringToSign).digest('hex');
    if (!isSameSignature(signature, expected)) throw new S3Error('SignatureDoesNotMatch');
    this.#previous = expected;
  }
}
