import { S3Error } from './errors.js';
import { decodeUri, toText } from './uri.js';

/** A request as it came on the wire, with what its path and query say. Pairs keep their order; nothing is normalised. */
export interface S3Request {
  readonly method: string;
  /** Percent-encoded, as sent: signatures are made over it. */
  readonly rawPath: string;
  /** Decoded pairs; a name without `=` has an empty value. */
  readonly query: ReadonlyArray<readonly [name: string, value: string]>;
  /** By name in lower case, each value as it came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Empty: the service itself. */
  readonly bucket: string;
  /** Empty: the bucket itself. */
  readonly key: string;
}

/** S3's limit of a key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1_024;

/**
 * `target` is the request line's target, `rawHeaders` Node's flat list of names and values. Throws InvalidURI for what is no
 * UTF-8 or badly escaped, KeyTooLongError.
 */
export function parseS3Request(method: string, target: string, rawHeaders: readonly string[]): S3Request {
  if (!target.startsWith('/')) throw new S3Error('InvalidURI');
  const [rawPath, rawQuery] = splitOnce(target, '?');
  const [bucket, key] = splitOnce(rawPath.slice(1), '/');
  const keyBytes = decodeUri(key);
  if (keyBytes.length > MAX_KEY_BYTES) {
    throw new S3Error('KeyTooLongError', { elements: { Size: keyBytes.length, MaxSizeAllowed: MAX_KEY_BYTES } });
  }
  return {
    method,
    rawPath,
    query: parseQuery(rawQuery),
    headers: collectHeaders(rawHeaders),
    bucket: toText(decodeUri(bucket)),
    key: toText(keyBytes),
  };
}

function parseQuery(raw: string): Array<readonly [string, string]> {
  const parts = raw.split('&').filter((part) => part !== '');
  return parts.map((part) => {
    const [name, value] = splitOnce(part, '=');
    return [toText(decodeUri(name, true)), toText(decodeUri(value, true))] as const;
  });
}

/** Node joins or drops repeated headers; a signature needs each of them. */
function collectHeaders(raw: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toLowerCase() ?? '';
    const values = headers.get(name) ?? [];
    values.push(raw[index + 1] ?? '');
    headers.set(name, values);
  }
  return headers;
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** The first value of a query parameter; undefined when it is not there. */
export function queryValue(request: S3Request, name: string): string | undefined {
  return request.query.find(([candidate]) => candidate === name)?.[1];
}

export function headerValue(request: Pick<S3Request, 'headers'>, name: string): string | undefined {
  return request.headers.get(name)?.join(',');
}
