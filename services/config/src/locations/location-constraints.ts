import { type Page, type PageRequest, toPage } from '../http/page.js';
import type { ConstraintAnswer } from './location.js';
import type { LocationRecord } from './location-store.js';

type Offered = Pick<LocationRecord, '_id' | 'bucketMatch'>;

/** A location written to without prefix is offered twice: plain, and in Mirror mode. */
function constraintsOf({ _id: name, bucketMatch }: Offered): ConstraintAnswer[] {
  const plain = { value: name, label: name };
  return bucketMatch ? [plain, { value: `${name}:ingest`, label: `${name} (Mirror mode)` }] : [plain];
}

/** The location that a page goes on with: a page may end between the two offers of one. */
export const locationOf = (cursor: string): string => cursor.split(':', 1)[0] ?? '';

/** @param locations By name, from {@link locationOf} of the cursor on: two more than the page holds, where there are. */
export function pageOfConstraints(
  locations: readonly Offered[],
  { limit, after }: PageRequest,
): Page<ConstraintAnswer> {
  const offers = locations.flatMap(constraintsOf).filter(({ value }) => after === undefined || isAfter(value, after));
  return toPage(offers, limit, ({ value }) => value);
}

function isAfter(value: string, cursor: string): boolean {
  const [location, last] = [locationOf(value), locationOf(cursor)];
  return location === last ? value.length > cursor.length : location > last;
}
