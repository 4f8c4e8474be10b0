import { addAbortSignal, Readable } from 'node:stream';
import type { StagedContent } from '@mirror/events';
import { PermanentError, TransientError } from '@mirror/runtime';
import type { Staging } from '@mirror/staging';
import type { Bandwidth } from '../location/bandwidth.js';

export type StagedPart = StagedContent['parts'][number];

/** Up to here a body is one write to the connection, where a stream takes one for each of its pieces. */
const WHOLE_BYTES = 256 * 1024;
/** Slower than this on the whole, a request is given up. */
const LEAST_BYTES_PER_SECOND = 64 * 1024;
const LEAST_REQUEST_MS = 60_000;

/**
 * Streams a part's bytes into a request, paced by the location's bandwidth. What goes wrong with the bytes ends the request,
 * and is thrown instead of the request's error: STAGING.MISSING (permanent) or STAGING.UNAVAILABLE (transient).
 */
export async function sendStaged<T>(
  staging: Staging,
  part: StagedPart,
  bandwidth: Bandwidth,
  signal: AbortSignal,
  send: (body: Readable | Buffer, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(longestMs(part.size, bandwidth))]);
  if (part.size === 0) return send(Buffer.alloc(0), bounded);
  // With its end known, nothing is read only to find it.
  const source = await staging.read(part.stagedId, { first: 0, last: part.size - 1 }).catch((error: unknown) => {
    throw stagingError(error);
  });
  if (part.size <= WHOLE_BYTES && !bandwidth.isLimited) return send(await wholeOf(source, bounded), bounded);
  const failed = new AbortController();
  source.once('error', (error) => failed.abort(stagingError(error)));
  const body = bandwidth.isLimited ? Readable.from(bandwidth.pace(source, bounded), { objectMode: false }) : source;
  if (body !== source) body.once('error', (error) => failed.abort(stagingError(error)));
  try {
    return await send(body, AbortSignal.any([bounded, failed.signal]));
  } catch (error) {
    throw failed.signal.aborted ? failed.signal.reason : error;
  } finally {
    source.destroy();
  }
}

/** Nothing was sent when it fails, whatever ended it. */
async function wholeOf(source: Readable, signal: AbortSignal): Promise<Buffer> {
  try {
    const pieces: Buffer[] = await addAbortSignal(signal, source).toArray();
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  } catch (error) {
    throw stagingError(error);
  }
}

function longestMs(size: number, { bytesPerSecond }: Bandwidth): number {
  const rate = bytesPerSecond > 0 ? Math.min(bytesPerSecond / 64, LEAST_BYTES_PER_SECOND) : LEAST_BYTES_PER_SECOND;
  return Math.min(2 ** 31 - 1, LEAST_REQUEST_MS + Math.ceil((size / rate) * 1000));
}

function stagingError(error: unknown): Error {
  if (error instanceof PermanentError || error instanceof TransientError) return error;
  return new TransientError('Staged bytes can not be read', {
    code: 'STAGING.UNAVAILABLE',
    hint: 'See whether the staging directory, or bucket, is there and can be read.',
    cause: error,
  });
}
