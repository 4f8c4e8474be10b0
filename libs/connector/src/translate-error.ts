import { FatalError, PermanentError, TransientError } from '@mirror/runtime';
import { byNodeCode, byS3Code, byStatus, type Entry, entries } from './error-table.js';

export type ConnectorError = TransientError | PermanentError | FatalError;

/**
 * Turns whatever the S3 client, Node or this library threw into one coded error, by the error table. Errors that have
 * a code of ours stay as they are, so it may be called twice.
 */
export function translateS3Error(error: unknown): ConnectorError {
  if (error instanceof TransientError || error instanceof PermanentError || error instanceof FatalError) return error;
  const seen = look(error);
  return codedError(chooseEntry(seen), seen, error);
}

/** For answers that were read without the SDK's own deserializer. Names of headers are in lower case. */
export function errorOfAnswer(
  status: number,
  s3Code: string | undefined,
  message: string,
  headers: Readonly<Record<string, string | undefined>> = {},
  isXml = true,
): ConnectorError {
  const contentType = headers['content-type'] ?? '';
  const retryAfter = headers['retry-after'];
  const seen: Seen = { message, name: '', isXml, status, s3Code, nodeCode: undefined, contentType, retryAfter };
  return codedError(chooseEntry(seen), seen, undefined);
}

/** An error of this entry, in its own words. */
export function errorOf(chosen: Entry, message: string, cause?: unknown): TransientError | PermanentError {
  const details = { code: chosen.code, hint: chosen.hint, cause };
  return chosen.remedy === 'transient' ? new TransientError(message, details) : new PermanentError(message, details);
}

/** What can be seen of an error, whoever made it. */
interface Seen {
  readonly message: string;
  readonly name: string;
  /** False: the answer had a body that is none of S3's. */
  readonly isXml: boolean;
  readonly status: number | undefined;
  readonly s3Code: string | undefined;
  readonly nodeCode: string | undefined;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
}

function look(error: unknown): Seen {
  const thrown = record(error);
  const headers = record(record(thrown.$response).headers);
  return {
    message: text(thrown.message) || String(error),
    name: text(thrown.name),
    // A plain Error with a status is the SDK's XML parser, which got no XML.
    isXml: thrown.name !== 'Error',
    status: number(record(thrown.$metadata).httpStatusCode),
    // The SDK copies the error document's elements; for HEAD, which has none, it makes a name up from the status.
    s3Code: optionalText(thrown.Code),
    nodeCode: optionalText(thrown.code) ?? nodeCodeWithin(thrown),
    contentType: text(headers['content-type']),
    retryAfter: optionalText(headers['retry-after']),
  };
}

/** Happy Eyeballs reports several failed connections as one AggregateError. */
function nodeCodeWithin(thrown: Readonly<Record<string, unknown>>): string | undefined {
  const inner = Array.isArray(thrown.errors) ? thrown.errors[0] : thrown.cause;
  return optionalText(record(inner).code);
}

function chooseEntry(seen: Seen): Entry {
  if (seen.status !== undefined) return entryOfAnswer(seen, seen.status);
  const { nodeCode = '' } = seen;
  // Before the names: the SDK calls a connection that was reset a TimeoutError.
  const known = byNodeCode[nodeCode];
  if (known) return known;
  if (seen.name === 'AbortError') return entries.aborted;
  if (seen.name === 'TimeoutError') return entries.timeout;
  // The other end spoke something else than HTTP/1.1: a TLS port, or another protocol.
  if (nodeCode.startsWith('HPE_')) return entries.notS3;
  return nodeCode.startsWith('ERR_SSL_') ? entries.tlsUntrusted : entries.unknown;
}

function entryOfAnswer({ s3Code, contentType, isXml }: Seen, status: number): Entry {
  const known = s3Code === undefined ? undefined : byS3Code[s3Code];
  if (known) return known;
  if (status >= 500) return byStatus[status] ?? entries.unavailable;
  if (status >= 300 && status < 400) return byStatus[status] ?? entries.refused;
  // An unknown code says what the endpoint dislikes; most statuses alone would say less than that.
  if (s3Code !== undefined && !tellingStatuses.has(status)) return entries.refused;
  if (s3Code === undefined && (!isXml || /html/i.test(contentType) || status < 300)) return entries.notS3;
  return byStatus[status] ?? entries.refused;
}

const tellingStatuses = new Set([401, 403, 405, 408, 429]);

function codedError(chosen: Entry, seen: Seen, cause: unknown): TransientError | PermanentError {
  const { status, s3Code, nodeCode } = seen;
  const said = [s3Code, seen.message].filter((part) => part && part !== 'UnknownError').join(': ');
  const message = said || (status === undefined ? 'The request failed' : `The endpoint answered ${status}`);
  const details = { code: chosen.code, hint: chosen.hint, cause, context: { status, s3Code, nodeCode } };
  if (chosen.remedy === 'permanent') return new PermanentError(message, details);
  return new TransientError(message, { ...details, retryAfterMs: retryAfterMs(seen.retryAfter) });
}

const longestRetryAfterMs = 300_000;

/** Whole seconds; the form with a date is rare and ignored. An endpoint can't send us away for longer than five minutes. */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,6}$/.test(header)) return undefined;
  return Math.min(Number(header) * 1000, longestRetryAfterMs);
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
