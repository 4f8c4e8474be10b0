import type { Segment } from '@mirror/namespace';

/** A segment that may be visited now. */
export interface DueSegment<S extends Pick<Segment, 'open'> = Segment> {
  readonly segment: S;
  /** What its last visit published has been (rule R8). */
  readonly applied: boolean;
}

/**
 * Some of what is due, by chance, so that pollers that found the same do not all reach for the same: those that nobody has
 * listed to their end first.
 */
export function chooseDue<D extends DueSegment<Pick<Segment, 'open'>>>(
  due: readonly D[],
  most: number,
  random: () => number,
): D[] {
  const drawn = due.map((each) => ({ each, order: random() + (each.segment.open ? 0 : 1) }));
  return drawn
    .sort((a, b) => a.order - b.order)
    .slice(0, most)
    .map(({ each }) => each);
}
