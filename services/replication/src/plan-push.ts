import type { Operation } from './state/push-attempt.js';

/** What is to be done about an operation that is the first of its key without an outcome. */
export type PushStep =
  /** It failed, and holds its key until an operator decides. */
  | { readonly kind: 'hold' }
  /** Another holder did it, and its outcome is that of the key: it is only to be said. */
  | { readonly kind: 'alreadyDone' }
  /** Something later was done: it came back, from a restored database, and nobody knows its outcome. */
  | { readonly kind: 'lost' }
  /** It was attempted, and nobody knows with what outcome: it is looked for before anything else. */
  | { readonly kind: 'resolve' }
  /** Its multipart upload has begun, and no version can have come of it: it goes on. */
  | { readonly kind: 'resume'; readonly uploadId: string }
  | { readonly kind: 'attempt' };

/** @param doneSequence The highest sequence of the key that was done: at or below it nothing is executed again. */
export function planPush({ sequence, failed, attempt }: Operation, doneSequence: number): PushStep {
  if (failed) return { kind: 'hold' };
  if (sequence <= doneSequence) return { kind: sequence === doneSequence ? 'alreadyDone' : 'lost' };
  if (!attempt) return { kind: 'attempt' };
  if (attempt.uploadId !== undefined && !attempt.completing) return { kind: 'resume', uploadId: attempt.uploadId };
  return { kind: 'resolve' };
}

/** The first of a key's operations that has no outcome yet; those before it are only to be said. */
export function nextOf(operations: readonly Operation[]): Operation | undefined {
  return operations.find(({ outcome }) => outcome === undefined);
}
