import { setTimeout as pause } from 'node:timers/promises';
import { translateS3Error } from '@mirror/connector';
import { TransientError } from '@mirror/runtime';
import { S3Error, serviceUnavailable } from '../protocol/errors.js';
import type { ConnectorLease } from '../sources/connector-clients.js';
import type { FoundObject } from './find-object.js';
import type { Call, Sources } from './operation.js';

/** A kept connection that the connector closed meanwhile fails once; what has timed out once is not waited for again. */
const ATTEMPTS = 2;
const PAUSE_MS = 50;
const NOT_AGAIN = new Set(['S3.TIMEOUT', 'S3.ABORTED', 'CONFIG.UNAVAILABLE', 'LOCATION.UNKNOWN']);

/**
 * Asks the connector for one version. Rejects with an S3Error: the client's own where the connector objects to what the client
 * asked for, otherwise ServiceUnavailable, because a mirror's credentials and buckets are no client's business.
 */
export async function askConnector<T>(
  call: Call,
  sources: Sources,
  found: FoundObject,
  ask: (lease: ConnectorLease) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask(await sources.connectors.lease(found.bucket.location));
    } catch (error) {
      const failure = translateS3Error(error);
      const isLast = attempt === ATTEMPTS || call.signal.aborted || NOT_AGAIN.has(failure.code);
      if (isLast || !(failure instanceof TransientError)) throw answerTo(failure, found);
      await pause(PAUSE_MS);
    }
  }
}

function answerTo(failure: ReturnType<typeof translateS3Error>, found: FoundObject): S3Error {
  switch (failure.code) {
    case 'S3.NO_SUCH_KEY':
    case 'S3.NO_SUCH_VERSION':
      return found.missing();
    case 'S3.PRECONDITION':
      return new S3Error('PreconditionFailed', { cause: failure });
    default:
      return refusedRange(failure.context) ?? unavailable(failure);
  }
}

/** A part that there is not, or a range of an object that has changed since it was listed. */
function refusedRange({ status, s3Code }: Readonly<Record<string, unknown>>): S3Error | undefined {
  if (status !== 416) return undefined;
  return new S3Error(s3Code === 'InvalidRange' ? 'InvalidRange' : 'InvalidPartNumber');
}

function unavailable(failure: ReturnType<typeof translateS3Error>): S3Error {
  const retryAfterMs = failure instanceof TransientError ? failure.retryAfterMs : undefined;
  return serviceUnavailable('The connector of this bucket can not be read at the moment.', failure, retryAfterMs);
}
