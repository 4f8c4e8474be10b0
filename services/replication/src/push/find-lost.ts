import type { Operation } from '../state/push-attempt.js';
import type { PushStore } from '../state/push-store.js';
import { judgeError } from './judge-error.js';
import { describe, listKey } from './list-key.js';
import { sendParts } from './push-multipart.js';
import type { PushContext } from './push-object.js';
import { done, outcomeUnknown, type PushResult } from './push-result.js';
import { type Attempted, resolveUnknown } from './resolve-unknown.js';

/**
 * Looks at the connector for what an attempt without an answer may have left there (rule R10): no earlier than the connector
 * may still be at it. Where there is nothing, the operation begins anew.
 * @param unknownAfterMs The connector's own time-out.
 */
export async function findLost(
  operation: Operation,
  store: PushStore,
  context: PushContext,
  unknownAfterMs: number,
): Promise<PushResult> {
  const { attempt, key } = operation;
  if (!attempt) return { kind: 'overtaken' };
  const sinceEndMs = await store.sinceEnd(operation, attempt.id);
  if (sinceEndMs === undefined) return { kind: 'overtaken' };
  const waitMs = unknownAfterMs - sinceEndMs;
  if (waitMs > 0) return { kind: 'retry', error: outcomeUnknown, isLocation: false, afterMs: waitMs };
  const listed = await listKey(context.access, key, context.signal);
  const found = await resolveUnknown(attemptedOf(operation), listed, (id) => describe(context.access, key, id));
  if (found) return done(found.versionId, found);
  await startAnew(operation, store, context);
  return { kind: 'retry', error: outcomeUnknown, isLocation: false, afterMs: 0 };
}

function attemptedOf({ what, attempt }: Operation): Attempted {
  const { begunAt = new Date(0), known = [] } = attempt ?? {};
  const common = { begunAt, known: new Set(known) };
  if (what.kind !== 'put') return { ...common, kind: 'deleteMarker', etag: '', size: 0, description: nothing };
  const { etag, size, description } = what;
  return { ...common, kind: 'version', etag, size, description };
}

const nothing = { contentType: null, headers: [], metadata: [], tags: [] };

/** It left nothing. A multipart upload that is still there goes on; one that is not is begun anew. */
async function startAnew(operation: Operation, store: PushStore, context: PushContext): Promise<void> {
  const { attempt, what, key } = operation;
  if (!attempt) return;
  if (attempt.uploadId === undefined) return store.forgetAttempt(operation, attempt.id);
  try {
    if (what.kind === 'put') await sendParts(context, key, attempt.uploadId, what.content.parts, true);
    await store.goOnWithUpload(operation, attempt.id);
  } catch (error) {
    if (judgeError(error).verdict !== 'noUpload') throw error;
    await store.forgetAttempt(operation, attempt.id);
  }
}
