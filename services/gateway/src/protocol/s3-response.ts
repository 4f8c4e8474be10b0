import type { Readable } from 'node:stream';
import type { S3Error } from './errors.js';
import type { S3Request } from './s3-request.js';
import { errorDocument, xmlDocument } from './xml.js';

export interface S3Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: none, as for every HEAD. A stream is destroyed by whoever sends it when the client leaves. */
  readonly body?: string | Readable;
}

/** 200 with a document of S3's namespace. */
export function xmlResponse(root: string, ...children: readonly string[]): S3Response {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: xmlDocument(root, ...children) };
}

/** An error as S3 says it: a document, or nothing but the status for a HEAD. */
export function errorResponse(error: S3Error, request: { method: string; resource: string; id: string }): S3Response {
  if (request.method === 'HEAD') return { status: error.status, headers: error.headers };
  const { code, message, elements } = error;
  const body = errorDocument({
    Code: code,
    Message: message,
    ...elements,
    Resource: request.resource,
    RequestId: request.id,
  });
  return { status: error.status, headers: { ...error.headers, 'content-type': 'application/xml' }, body };
}

/** What the error document names as Resource. */
export const resourceOf = ({ bucket, key }: Pick<S3Request, 'bucket' | 'key'>): string =>
  key === '' ? `/${bucket}` : `/${bucket}/${key}`;
