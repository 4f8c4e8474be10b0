import { PermanentError, TransientError } from '@mirror/runtime';
import { S3Error, serviceUnavailable } from './protocol/errors.js';

/** What is over for this try, and may be right for the next: a detach that is under way, bytes that took too long. */
const PASSING = new Set(['MIRROR.CLOSED', 'STAGING.ABANDONED', 'VERSION.UNDESCRIBED']);

/** What a client is told of an error, whoever threw it. */
export function toS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  // The driver's errors are all named so; a database that is away is back in a moment.
  if (error instanceof Error && error.name.startsWith('Mongo')) {
    return serviceUnavailable('The namespace can not be read at the moment.', error);
  }
  const isPassing = error instanceof PermanentError && PASSING.has(error.code);
  if (error instanceof TransientError || isPassing) {
    return serviceUnavailable('This can not be done at the moment. Please try again.', error);
  }
  return new S3Error('InternalError', { cause: error });
}
