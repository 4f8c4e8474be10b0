import { type Logger, Rounds } from '@mirror/runtime';
import type { Acceptance } from './acceptance.js';
import type { MultipartUploads } from './multipart-uploads.js';

const PAGE = 100;
/** Of their lifetime, how much later than that they may end. */
const LATE_SHARE = 0.1;
const MOST_BETWEEN_MS = 60_000;

/**
 * Ends multipart uploads that are neither completed nor aborted by the end of their lifetime. Their parts are given up only,
 * and their bytes left to the sweep of staging, which waits while a restored database is mended: a completion that such a
 * database has lost may need them.
 */
export function abandonedUploads(
  acceptance: Acceptance,
  uploads: MultipartUploads,
  lifetimeSeconds: number,
  logger: Logger,
): Rounds {
  const betweenMs = Math.min(MOST_BETWEEN_MS, lifetimeSeconds * 1_000 * LATE_SHARE);
  return new Rounds({
    round: async (signal) => {
      const ended = await endOld(acceptance, uploads, lifetimeSeconds, signal);
      if (ended > 0) logger.info({ ended }, 'multipart uploads that nobody ended were given up');
    },
    intervalMs: () => betweenMs,
    onError: (error) =>
      logger.warn({ err: error }, 'old multipart uploads could not be given up; they are tried again'),
  });
}

async function endOld(
  acceptance: Acceptance,
  uploads: MultipartUploads,
  lifetimeSeconds: number,
  signal: AbortSignal,
): Promise<number> {
  let ended = 0;
  for (;;) {
    const old = await uploads.olderThan(lifetimeSeconds, PAGE);
    for (const uploadId of old) {
      if (signal.aborted) return ended;
      if (await end(acceptance, uploads, uploadId)) ended += 1;
    }
    if (old.length < PAGE) return ended;
  }
}

/** False: somebody completed or aborted it meanwhile. */
const end = (acceptance: Acceptance, uploads: MultipartUploads, uploadId: string): Promise<boolean> =>
  acceptance.transaction(async (session) => {
    if (!(await uploads.touch(session, uploadId))) return false;
    await uploads.abort(session, uploadId);
    await acceptance.abandonUpload(session, uploadId);
    return true;
  });
