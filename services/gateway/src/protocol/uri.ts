import { S3Error } from './errors.js';

const UNRESERVED = /[A-Za-z0-9\-._~]/;
const HEX = /^[0-9A-Fa-f]{2}$/;

/** How each byte is written: itself where it is unreserved in RFC 3986, percent-encoded otherwise. */
const ENCODED = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return UNRESERVED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});
const SLASH = '/'.charCodeAt(0);

/** As Signature Version 4 writes a path or a query. `keepSlash` leaves `/` as it is: for paths. */
export function encodeUri(bytes: Uint8Array, keepSlash: boolean): string {
  let encoded = '';
  for (const byte of bytes) encoded += keepSlash && byte === SLASH ? '/' : ENCODED[byte];
  return encoded;
}

/**
 * Percent-decodes what came on the request line, which Node gives as one character a byte. `plusIsSpace` is for queries.
 * Throws InvalidURI where a percent sign is not followed by two hexadecimal digits.
 */
export function decodeUri(raw: string, plusIsSpace = false): Buffer {
  if (!raw.includes('%') && !(plusIsSpace && raw.includes('+'))) return Buffer.from(raw, 'latin1');
  const bytes: number[] = [];
  for (let index = 0; index < raw.length; index += 1) {
    const character = raw.charAt(index);
    if (character === '%') {
      const digits = raw.slice(index + 1, index + 3);
      if (!HEX.test(digits)) throw new S3Error('InvalidURI');
      bytes.push(Number.parseInt(digits, 16));
      index += 2;
    } else {
      bytes.push(plusIsSpace && character === '+' ? 0x20 : character.charCodeAt(0));
    }
  }
  return Buffer.from(bytes);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Names in S3 are UTF-8; anything else is InvalidURI. */
export function toText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new S3Error('InvalidURI');
  }
}

/** `encoding-type=url`: decoders that read `+` as a space and decoders that do not both get the same text. */
export const urlEncode = (text: string): string => encodeUri(Buffer.from(text), true);
