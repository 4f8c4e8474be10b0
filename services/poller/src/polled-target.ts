import type { EndpointBehaviour } from '@mirror/connector';
import type { LocationState } from '@mirror/events';

export interface PolledTarget {
  /** Endpoint and bucket. */
  readonly target: string;
  /** Keys beyond U+FFFF may be left out of listings without a prefix: these are listed by prefix, too. */
  readonly hidesAstral: boolean;
  /** Keys are listed in the order of their UTF-16 units: no range ends at a key whose place depends on that. */
  readonly ordersByUnits: boolean;
}

/** Where a location points to, and what of its endpoint's behaviour decides how it is listed. */
export function targetOfLocation({ details, behaviour }: LocationState): PolledTarget {
  const ordersByUnits = behaviour?.quirks.includes(unitOrder) ?? false;
  return { target: `${details.endpoint}/${details.bucketName}`, hidesAstral: mayHideAstral(behaviour), ordersByUnits };
}

const hiding: EndpointBehaviour['quirks'][number] = 'astralKeysMissing';
const unitOrder: EndpointBehaviour['quirks'][number] = 'utf16Order';

/** What is not known of an endpoint may be so: a bucket seldom has the keys that the probe needs to tell it. */
function mayHideAstral(behaviour: LocationState['behaviour']): boolean {
  if (behaviour === undefined) return true;
  return behaviour.quirks.includes(hiding) || behaviour.unknown.includes(hiding);
}
