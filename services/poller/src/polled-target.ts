import type { EndpointQuirk } from '@mirror/connector';
import type { LocationState } from '@mirror/events';

export interface PolledTarget {
  /** Endpoint and bucket. */
  readonly target: string;
  /** Keys beyond U+FFFF may be left out of listings without a prefix: these are listed by prefix, too. */
  readonly hidesAstral: boolean;
  /** Its markers may be more than keys: then what it says of the end, asked by a key, is asked for in other ways, too. */
  readonly endsEarly: boolean;
  /** Keys are listed in the order of their UTF-16 units: no range ends at a key whose place depends on that. */
  readonly ordersByUnits: boolean;
}

/** Where a location points to, and what of its endpoint's behaviour decides how it is listed. */
export function targetOfLocation({ details, behaviour }: LocationState): PolledTarget {
  const ordersByUnits = behaviour?.quirks.includes(unitOrder) ?? false;
  return {
    target: `${details.endpoint}/${details.bucketName}`,
    hidesAstral: maybe(behaviour, 'astralKeysMissing'),
    endsEarly: maybe(behaviour, 'opaqueKeyMarker'),
    ordersByUnits,
  };
}

const unitOrder: EndpointQuirk = 'utf16Order';

/** What is not known of an endpoint may be so: a bucket seldom has the keys that the probe needs to tell it. */
function maybe(behaviour: LocationState['behaviour'], quirk: EndpointQuirk): boolean {
  if (behaviour === undefined) return true;
  return behaviour.quirks.includes(quirk) || behaviour.unknown.includes(quirk);
}
