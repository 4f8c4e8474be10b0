import { type Backoff, backoffMs } from '@mirror/runtime';

/** What is wrong with a location, in words for the operator. */
export interface CircuitError {
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
  readonly at: Date;
}

/**
 * Whether anything is pushed to a location (rule R11). Closed: pushes go on. Open: none begins, until a probe passes at
 * `probeAt` or later. States are immutable; time and chance are arguments.
 */
export type Circuit =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly error: CircuitError; readonly failures: number; readonly probeAt: number };

export const closed: Circuit = { kind: 'closed' };

const PROBE_BACKOFF: Backoff = { baseMs: 500, maxMs: 15_000 };

/** A probe failed. @param now Milliseconds of a monotonic clock. @param random In [0, 1). */
export function probeFailed(circuit: Circuit, error: CircuitError, now: number, random: number): Circuit {
  const failures = circuit.kind === 'open' ? circuit.failures + 1 : 0;
  // The same trouble keeps the time at which it began.
  const kept =
    circuit.kind === 'open' && circuit.error.code === error.code ? { ...error, at: circuit.error.at } : error;
  return { kind: 'open', error: kept, failures, probeAt: now + backoffMs(failures, PROBE_BACKOFF, random) };
}

/** A probe is to be made now: the location changed. */
export function probeNow(circuit: Circuit, now: number): Circuit {
  return circuit.kind === 'open' ? { ...circuit, failures: 0, probeAt: now } : circuit;
}

export const isProbeDue = (circuit: Circuit, now: number): boolean => circuit.kind === 'open' && circuit.probeAt <= now;
