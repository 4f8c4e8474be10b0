import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A request as S3 reads it, path style. */
export interface S3Request {
  readonly method: string;
  readonly bucket: string;
  /** Empty: the bucket itself is meant. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** What the endpoint says no to, as S3's error document. */
export class S3Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(code);
  }
}

export async function readRequest(incoming: IncomingMessage): Promise<S3Request> {
  const [path = '/', search = ''] = (incoming.url ?? '/').split(/\?(.*)/s);
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  const query = new URLSearchParams(search);
  const body = await buffer(incoming);
  return { method: incoming.method ?? '', bucket, key: decodeURIComponent(key), query, headers, body };
}

/** Presence is enough: this server is about listings, and others check what a signature is worth. */
export const isSigned = ({ headers, query }: S3Request): boolean =>
  headers.authorization !== undefined || query.has('X-Amz-Signature');

export function answerOf(error: unknown): S3Answer {
  const refusal = error instanceof S3Refusal ? error : new S3Refusal(500, 'InternalError');
  const body = xmlDocument(`<Error><Code>${refusal.code}</Code><Message>${refusal.code}</Message></Error>`);
  return { status: refusal.status, headers: refusal.headers, body };
}

export function writeAnswer(response: ServerResponse, request: S3Request | undefined, answer: S3Answer): void {
  const body = Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(answer.body ?? '');
  const type = body.length > 0 ? { 'content-type': 'application/xml' } : {};
  response.writeHead(answer.status, { ...type, 'content-length': body.length, ...answer.headers });
  response.end(request?.method === 'HEAD' ? undefined : body);
}

export const xmlDocument = (root: string): string => `<?xml version="1.0" encoding="UTF-8"?>${root}`;

export const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** The texts of all elements of one name in a small document without nesting of that name. */
export function textsOf(document: string, name: string): string[] {
  const found = document.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`, 'g'));
  return [...found].map(([, text = '']) => unescapeXml(text));
}

const characters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-z]+));/g, (_, hex?: string, decimal?: string, name = '') => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return characters[name] ?? '';
  });
}
