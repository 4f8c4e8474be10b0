import { PermanentError } from '@mirror/runtime';
import type { BatchContext } from './batch-lease.js';
import type { EventBatch, ReceivedEvent, Rejected } from './read-batch.js';
import { retryUntilDone } from './retry.js';

export type Apply = (batch: EventBatch, context: BatchContext) => Promise<readonly Rejected[]>;
export type OnFailure = (error: unknown, waitMs: number) => void;

/**
 * Applies until it works, with backoff. A batch that is refused for good (PermanentError) is applied event by event, so that
 * only the guilty ones are set aside. A batch without a usable event is applied, too: whoever keeps a position learns that it
 * moved on. Throws FatalError, and the signal's reason when the batch is given up.
 */
export async function applyUntilDone(
  apply: Apply,
  batch: EventBatch,
  lease: BatchContext & { readonly signal: AbortSignal },
  onFailure: OnFailure,
): Promise<readonly Rejected[]> {
  const [first, ...others] = batch.events;
  try {
    return await retryUntilDone(() => apply(batch, lease), lease.signal, onFailure);
  } catch (error) {
    if (!(error instanceof PermanentError) || first === undefined) throw error;
    if (others.length === 0) {
      await applyUntilDone(apply, { ...batch, events: [] }, lease, onFailure);
      return [{ offset: first.offset, reason: error.message, code: error.code }];
    }
  }
  const rejected: Rejected[] = [];
  for (const single of singles(batch)) rejected.push(...(await applyUntilDone(apply, single, lease, onFailure)));
  return rejected;
}

/** Each event as a batch of its own; together they cover the offsets of the whole. */
function singles(batch: EventBatch): EventBatch[] {
  return batch.events.map((received, index) => ({
    ...batch,
    events: [received],
    firstOffset: index === 0 ? batch.firstOffset : received.offset,
    nextOffset: nextOf(batch, batch.events[index + 1]),
  }));
}

const nextOf = (batch: EventBatch, following: ReceivedEvent | undefined): string =>
  following?.offset ?? batch.nextOffset;
