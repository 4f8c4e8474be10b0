import type { EndpointQuirk } from '@mirror/connector';
import type { LocationState } from '@mirror/events';

/** What an endpoint's key markers are: keys as S3 has it, or, at MinIO, keys with something behind them. */
export type EndpointMarkers = 'keys' | 'opaque' | 'unknown';

export interface PolledTarget {
  /** Endpoint and bucket. */
  readonly target: string;
  /** Keys beyond U+FFFF may be left out of listings without a prefix: these are listed by prefix, too. */
  readonly hidesAstral: boolean;
  readonly markers: EndpointMarkers;
  /** Keys are listed in the order of their UTF-16 units: no range ends at a key whose place depends on that. */
  readonly ordersByUnits: boolean;
}

/** Where a location points to, and what of its endpoint's behaviour decides how it is listed. */
export function targetOfLocation({ details, behaviour }: LocationState): PolledTarget {
  const ordersByUnits = behaviour?.quirks.includes(unitOrder) ?? false;
  return {
    target: `${details.endpoint}/${details.bucketName}`,
    hidesAstral: maybe(behaviour, 'astralKeysMissing'),
    markers: markersOf(behaviour),
    ordersByUnits,
  };
}

const opaqueMarker: EndpointQuirk = 'opaqueKeyMarker';
const unitOrder: EndpointQuirk = 'utf16Order';

/** What is not known of an endpoint may be so: a bucket seldom has the keys that the probe needs to tell it. */
function maybe(behaviour: LocationState['behaviour'], quirk: EndpointQuirk): boolean {
  if (behaviour === undefined) return true;
  return behaviour.quirks.includes(quirk) || behaviour.unknown.includes(quirk);
}

function markersOf(behaviour: LocationState['behaviour']): EndpointMarkers {
  if (!maybe(behaviour, opaqueMarker)) return 'keys';
  return behaviour?.quirks.includes(opaqueMarker) ? 'opaque' : 'unknown';
}
