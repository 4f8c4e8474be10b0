import { type ConnectorError, translateS3Error } from '@mirror/connector';

/**
 * What an attempt that ended in an error means (rule R11):
 * - `retry`: surely not applied, and may work later
 * - `unknown`: may have been applied, or may still be (rule R10)
 * - `location`: surely not applied, and likely to meet every other operation as well: a probe decides
 * - `gone`: what was to be changed is not there
 * - `noUpload`: the multipart upload is not there any more: completed, or aborted by somebody
 * - `refused`: will never be taken as it is
 */
export type Verdict = 'retry' | 'unknown' | 'location' | 'gone' | 'noUpload' | 'refused';

export interface Judged {
  readonly verdict: Verdict;
  readonly error: ConnectorError;
}

const ofLocation = new Set([
  'S3.ACCESS_DENIED',
  'S3.ACCESS_KEY',
  'S3.SIGNATURE',
  'S3.REGION',
  'S3.CLOCK',
  'S3.NO_SUCH_BUCKET',
  'S3.VERSIONING',
  'S3.VERSIONING_OFF',
  'S3.VERSIONING_SUSPENDED',
  'S3.REDIRECT',
  'S3.NOT_S3',
  'S3.TLS_MISMATCH',
  'S3.TLS_UNTRUSTED',
  'S3.TLS_EXPIRED',
  'S3.TLS_NAME',
]);
const gone = new Set(['S3.NO_SUCH_KEY', 'S3.NO_SUCH_VERSION']);
/** The connection was never made, so that no byte of the request left. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EHOSTUNREACH', 'ENETUNREACH']);
/** S3's own words for a request that it did not begin with. A bare 5xx may come from a proxy whose upstream went on. */
const notBegun = new Set(['SlowDown', 'SlowDownWrite', 'SlowDownRead', 'ServiceUnavailable', 'RequestTimeout']);

/** Judges an attempt's error by the table. Errors that are not the connector's are those of reading staged bytes. */
export function judgeError(cause: unknown): Judged {
  const error = translateS3Error(cause);
  return { verdict: verdictOf(error), error };
}

function verdictOf({ code, context }: ConnectorError): Verdict {
  const { status, s3Code, nodeCode } = context;
  if (nodeCode === 'ERR_INVALID_CHAR') return 'refused'; // a header that HTTP cannot carry
  if (code.startsWith('STAGING.') || code === 'S3.REFUSED' || code === 'S3.NOT_IMPLEMENTED') {
    return code === 'STAGING.UNAVAILABLE' || s3Code === 'IncompleteBody' ? 'retry' : 'refused';
  }
  if (code.startsWith('CONFIG.') || code.startsWith('LOCATION.')) return 'retry'; // how to reach it is not known: nothing left
  if (ofLocation.has(code) || code.startsWith('ENDPOINT.')) return 'location';
  if (gone.has(code)) return 'gone';
  if (code === 'S3.NO_SUCH_UPLOAD') return 'noUpload';
  if (typeof status !== 'number') return typeof nodeCode === 'string' && neverSent.has(nodeCode) ? 'retry' : 'unknown';
  if (typeof s3Code === 'string' && notBegun.has(s3Code)) return 'retry';
  if (status >= 500 || status < 400) return 'unknown';
  return code === 'S3.PRECONDITION' || code === 'S3.METHOD_NOT_ALLOWED' ? 'refused' : 'retry';
}
