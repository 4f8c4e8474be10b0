import { PermanentError, TransientError } from '@mirror/runtime';
import { MongoError } from 'mongodb';
import { S3Error, serviceUnavailable } from './protocol/errors.js';

/** What is over for this try, and may be right for the next: a detach that is under way, bytes that took too long. */
const PASSING = new Set(['MIRROR.CLOSED', 'STAGING.ABANDONED', 'VERSION.UNDESCRIBED']);

/** What a client is told of an error, whoever threw it. */
export function toS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  // A database that is away is back in a moment. By class: not every error of the driver has a name that tells.
  if (error instanceof MongoError) {
    return serviceUnavailable('The namespace can not be read at the moment.', error);
  }
  const isPassing = error instanceof PermanentError && PASSING.has(error.code);
  if (error instanceof TransientError || isPassing) {
    return serviceUnavailable('This can not be done at the moment. Please try again.', error);
  }
  return new S3Error('InternalError', { cause: error });
}
