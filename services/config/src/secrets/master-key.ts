import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { PermanentError } from '@mirror/runtime';

/** A secret at rest (I8): its own data key encrypts it, the master key wraps the data key. All fields but keyId: base64. */
export interface Sealed {
  /** Which master key wrapped the data key; a fingerprint, not the key. */
  readonly keyId: string;
  /** IV (12 bytes), tag (16), encrypted data key (32). */
  readonly wrappedKey: string;
  readonly iv: string;
  readonly tag: string;
  readonly ciphertext: string;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** Envelope encryption with AES-256-GCM. Every secret has a data key of its own, so that no key meets many messages. */
export class MasterKey {
  readonly keyId: string;
  readonly #key: Buffer;

  /** @param base64 32 bytes, as the environment's schema has checked. */
  constructor(base64: string) {
    this.#key = Buffer.from(base64, 'base64');
    this.keyId = createHmac('sha256', this.#key).update('zenko-mirror key id').digest('hex').slice(0, 16);
  }

  /** @param boundTo Record and field, 'locations/ring-paris/secretKey': a ciphertext opens nowhere else. */
  seal(plaintext: string, boundTo: string): Sealed {
    const dataKey = randomBytes(KEY_BYTES);
    const wrapped = encrypt(this.#key, dataKey, boundTo);
    const { iv, tag, ciphertext } = encrypt(dataKey, Buffer.from(plaintext, 'utf8'), boundTo);
    return {
      keyId: this.keyId,
      wrappedKey: Buffer.concat([wrapped.iv, wrapped.tag, wrapped.ciphertext]).toString('base64'),
      iv: iv.toString('base64'),
      tag: tag.toString('base64'),
      ciphertext: ciphertext.toString('base64'),
    };
  }

  /** PermanentError SECRET.OTHER_KEY or SECRET.UNREADABLE (tampered with, or moved from another record). */
  open(sealed: Sealed, boundTo: string): string {
    if (sealed.keyId !== this.keyId) {
      throw new PermanentError(`The secret of ${boundTo} was encrypted with another MASTER_KEY`, {
        code: 'SECRET.OTHER_KEY',
        hint: 'Start with the MASTER_KEY whose id the record names, or enter the secret anew.',
        context: { expected: sealed.keyId, actual: this.keyId },
      });
    }
    try {
      const wrapped = Buffer.from(sealed.wrappedKey, 'base64');
      const dataKey = decrypt(this.#key, splitWrapped(wrapped), boundTo);
      const parts = { iv: bytes(sealed.iv), tag: bytes(sealed.tag), ciphertext: bytes(sealed.ciphertext) };
      return decrypt(dataKey, parts, boundTo).toString('utf8');
    } catch (cause) {
      throw new PermanentError(`The secret of ${boundTo} cannot be decrypted`, {
        code: 'SECRET.UNREADABLE',
        hint: 'The record was changed outside this service. Enter the secret anew.',
        cause,
      });
    }
  }
}

interface Encrypted {
  readonly iv: Buffer;
  readonly tag: Buffer;
  readonly ciphertext: Buffer;
}

function encrypt(key: Buffer, plaintext: Buffer, boundTo: string): Encrypted {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(boundTo, 'utf8'));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { iv, tag: cipher.getAuthTag(), ciphertext };
}

function decrypt(key: Buffer, { iv, tag, ciphertext }: Encrypted, boundTo: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(boundTo, 'utf8'));
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

const splitWrapped = (wrapped: Buffer): Encrypted => ({
  iv: wrapped.subarray(0, IV_BYTES),
  tag: wrapped.subarray(IV_BYTES, IV_BYTES + TAG_BYTES),
  ciphertext: wrapped.subarray(IV_BYTES + TAG_BYTES),
});

const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64');
