import { createHash } from 'node:crypto';
import { invalidArgument } from './errors.js';
import { queryValue, type S3Request } from './s3-request.js';
import { toText, urlEncode } from './uri.js';
import { tag } from './xml.js';

/** S3 answers no more entries than this, whatever it is asked for. */
export const MAX_KEYS = 1_000;
const MAX_INTEGER = 2_147_483_647;

/** What all listings of a bucket have in common. */
export interface ListParameters {
  readonly prefix: string;
  readonly delimiter: string;
  /** 0 to 1,000. */
  readonly maxKeys: number;
  /** Applied to every name in the answer. */
  readonly encode: (name: string) => string;
  readonly isUrlEncoded: boolean;
}

export function readListParameters(request: S3Request): ListParameters {
  const isUrlEncoded = readEncodingType(request) === 'url';
  return {
    prefix: queryValue(request, 'prefix') ?? '',
    delimiter: queryValue(request, 'delimiter') ?? '',
    maxKeys: readCount(request, 'max-keys', 0, MAX_KEYS),
    encode: isUrlEncoded ? urlEncode : (name) => name,
    isUrlEncoded,
  };
}

function readEncodingType(request: S3Request): 'url' | undefined {
  const value = queryValue(request, 'encoding-type');
  if (value === undefined || value === '' || value.toLowerCase() === 'url') return value ? 'url' : undefined;
  throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', value);
}

/** A number of entries; `most` where it is not given, and where it is more than that. */
export function readCount(request: S3Request, name: string, least: number, most: number): number {
  const value = queryValue(request, name);
  if (value === undefined || value === '') return most;
  const count = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (count >= least && count <= MAX_INTEGER) return Math.min(count, most);
  throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, value);
}

/** The elements that every listing repeats from its request. */
export function echo({ prefix, delimiter, maxKeys, encode, isUrlEncoded }: ListParameters): string[] {
  return [
    tag('Prefix', encode(prefix)),
    ...(delimiter === '' ? [] : [tag('Delimiter', encode(delimiter))]),
    tag('MaxKeys', maxKeys),
    ...(isUrlEncoded ? [tag('EncodingType', 'url')] : []),
  ];
}

const TOKEN_CHECK_BYTES = 6;

/** A continuation token: the name to go on after, in a form that clients do not take for one. */
export function toToken(name: string): string {
  const bytes = Buffer.from(name);
  return Buffer.concat([checkOf(bytes), bytes]).toString('base64url');
}

/** Throws InvalidArgument for what no listing here has answered. */
export function readToken(request: S3Request): string | undefined {
  const token = queryValue(request, 'continuation-token');
  if (token === undefined) return undefined;
  const decoded = Buffer.from(token, 'base64url');
  const name = decoded.subarray(TOKEN_CHECK_BYTES);
  const isOurs = decoded.subarray(0, TOKEN_CHECK_BYTES).equals(checkOf(name));
  if (isOurs && decoded.toString('base64url') === token) return toText(name);
  throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token);
}

const checkOf = (bytes: Uint8Array): Buffer =>
  createHash('sha256').update(bytes).digest().subarray(0, TOKEN_CHECK_BYTES);

const VERSION_ID = /^[A-Za-z0-9._~+/=-]{1,1024}$/;

/** Whether an endpoint could have made it. */
export const isVersionId = (text: string): boolean => VERSION_ID.test(text);

/** Version ids are the connector's and opaque; one that no endpoint could have made is InvalidArgument. */
export function readVersionId(request: S3Request, name: 'versionId' | 'version-id-marker'): string | undefined {
  const value = queryValue(request, name);
  if (value === undefined || isVersionId(value)) return value;
  if (value === '' && name === 'version-id-marker') return undefined;
  throw invalidArgument('Invalid version id specified', name, value);
}
