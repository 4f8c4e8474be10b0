import type { Readable } from 'node:stream';
import { TransientError } from '@mirror/runtime';

const STALL_MS = 60_000;

/** What is looked at of a ServerResponse. */
interface Outgoing {
  readonly socket: { readonly bytesWritten: number } | null;
  readonly writableNeedDrain: boolean;
}

/**
 * Destroys a body from which nothing has come for a while although the client waits for it: the SDK's own time-outs end with
 * the headers. A client that takes its time is left alone.
 */
export function endWhenStalled(body: Readable, response: Outgoing, stallMs = STALL_MS): void {
  let sent = -1;
  const timer = setInterval(() => {
    const sentNow = response.socket?.bytesWritten ?? 0;
    if (sentNow === sent && !response.writableNeedDrain) body.destroy(stalled(stallMs));
    sent = sentNow;
  }, stallMs);
  body.once('close', () => clearInterval(timer));
}

function stalled(stallMs: number): TransientError {
  return new TransientError(`The connector sent nothing for ${stallMs} ms`, {
    code: 'S3.TIMEOUT',
    hint: 'Look at the load of the connector and at the network between.',
  });
}
