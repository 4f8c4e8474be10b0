import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { S3Request } from './s3-request.js';
import { decodeUri, encodeUri } from './uri.js';

export const ALGORITHM = 'AWS4-HMAC-SHA256';
/** The parameter that is not part of what it signs. */
export const SIGNATURE_PARAMETER = 'X-Amz-Signature';

/** What a signature is made over beside the request itself. */
export interface SigningContext {
  readonly credential: { readonly date: string; readonly region: string; readonly service: string };
  /** `20130524T000000Z`. */
  readonly timestamp: string;
  /** In lower case, as the client ordered them. */
  readonly signedHeaders: readonly string[];
  /** Hexadecimal SHA-256 of the body, UNSIGNED-PAYLOAD, or the name of a streaming form. */
  readonly payloadHash: string;
}

export interface Signing {
  readonly signature: string;
  readonly canonicalRequest: string;
  readonly stringToSign: string;
}

/** The signature that this secret makes over the request (Signature Version 4, with S3's rule: no normalised paths). */
export function sign(request: S3Request, canonicalPath: string, context: SigningContext, secret: string): Signing {
  const canonicalRequest = [
    request.method,
    canonicalPath,
    canonicalQuery(request),
    ...context.signedHeaders.map((name) => `${name}:${canonicalHeader(request, name)}`),
    '',
    context.signedHeaders.join(';'),
    context.payloadHash,
  ].join('\n');
  const { date, region, service } = context.credential;
  const stringToSign = [
    ALGORITHM,
    context.timestamp,
    `${date}/${region}/${service}/aws4_request`,
    // Header values are bytes, one character each.
    createHash('sha256').update(canonicalRequest, 'latin1').digest('hex'),
  ].join('\n');
  const signature = hmac(signingKey(context.credential, secret), stringToSign).toString('hex');
  return { signature, canonicalRequest, stringToSign };
}

/** The key of a day, a region and a service, with which requests and the chunks of their bodies are signed. */
export function signingKey({ date, region, service }: SigningContext['credential'], secret: string): Buffer {
  return [date, region, service, 'aws4_request'].reduce(hmac, Buffer.from(`AWS4${secret}`));
}

/**
 * The paths that a client may have signed: encoded anew, which is the rule, or just as it was sent, which is what clients do
 * that leave `(` or `!` alone, or write `/` as `%2F`.
 */
export function canonicalPaths(request: S3Request): readonly string[] {
  return [...new Set([encodeUri(decodeUri(request.rawPath), true), request.rawPath])];
}

export function isSameSignature(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

function canonicalQuery(request: S3Request): string {
  const pairs = request.query
    .filter(([name]) => name !== SIGNATURE_PARAMETER)
    .map(([name, value]) => [encodeUri(Buffer.from(name), false), encodeUri(Buffer.from(value), false)] as const);
  // Both are ASCII by now, so that text order is byte order.
  pairs.sort(([nameA, valueA], [nameB, valueB]) => order(nameA, nameB) || order(valueA, valueB));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function canonicalHeader(request: S3Request, name: string): string {
  const values = request.headers.get(name) ?? [];
  return values.map((value) => value.trim().replaceAll(/ {2,}/g, ' ')).join(',');
}

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
