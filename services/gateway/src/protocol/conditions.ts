import { S3Error } from './errors.js';
import { headerValue, type S3Request } from './s3-request.js';

/** What a condition is judged on. `etag` is without quotes. */
export interface Validators {
  readonly etag: string;
  readonly lastModified: Date;
}

/**
 * Judges If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since as RFC 9110 orders them: an ETag condition makes
 * its date one void. Throws PreconditionFailed. A date that is none is ignored. `prefix` comes before the headers' names.
 */
export function judgeConditions(request: S3Request, validators: Validators, prefix = ''): 'send' | 'notModified' {
  const ifMatch = headerValue(request, `${prefix}if-match`);
  const ifNoneMatch = headerValue(request, `${prefix}if-none-match`);
  const unmodifiedSince = dateOf(request, `${prefix}if-unmodified-since`);
  const modifiedSince = dateOf(request, `${prefix}if-modified-since`);
  // HTTP dates have whole seconds.
  const modified = Math.floor(validators.lastModified.getTime() / 1_000) * 1_000;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, validators.etag)) throw failed('If-Match');
  } else if (unmodifiedSince !== undefined && modified > unmodifiedSince) {
    throw failed('If-Unmodified-Since');
  }
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, validators.etag) ? 'notModified' : 'send';
  return modifiedSince !== undefined && modified <= modifiedSince ? 'notModified' : 'send';
}

/** Clients quote ETags or do not, and give lists or `*`; a weak one is compared by its value. */
function matches(list: string, etag: string): boolean {
  const candidates = list.split(',').map((candidate) => candidate.trim().replace(/^W\//, '').replaceAll('"', ''));
  return candidates.includes('*') || candidates.includes(etag);
}

function dateOf(request: S3Request, name: string): number | undefined {
  const time = Date.parse(headerValue(request, name) ?? '');
  return Number.isNaN(time) ? undefined : time;
}

const failed = (Condition: string): S3Error => new S3Error('PreconditionFailed', { elements: { Condition } });
