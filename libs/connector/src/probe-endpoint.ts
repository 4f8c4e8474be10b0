import type { S3Client } from '@aws-sdk/client-s3';
import { type EndpointQuirk, type Probe, probes } from './endpoint-quirks.js';
import { listVersionsPage, type VersionPageRequest } from './list-versions-page.js';

export interface EndpointBehaviour {
  /** Serially by prefix where keys beyond the Basic Multilingual Plane are in another order, listed twice or left out. */
  readonly listing: 'ranges' | 'serialByPrefix';
  readonly quirks: readonly EndpointQuirk[];
  /** What the bucket has too little in it to show: neither seen nor excluded. */
  readonly unknown: readonly EndpointQuirk[];
}

/**
 * Learns from a bucket's first thousand versions how its endpoint lists: some fifteen listings, nothing is written. Throws
 * by the error table.
 */
export async function probeEndpoint(
  client: S3Client,
  bucket: string,
  signal?: AbortSignal,
): Promise<EndpointBehaviour> {
  const list = async (request: VersionPageRequest) => (await listVersionsPage(client, bucket, request, signal)).parse();
  const sample = await list({ maxKeys: sampleSize });
  const quirks: EndpointQuirk[] = [];
  const unknown: EndpointQuirk[] = [];
  for (const [quirk, probe] of Object.entries(probes) as [EndpointQuirk, Probe][]) {
    const isSo = await probe(sample, list);
    if (isSo === undefined) unknown.push(quirk);
    else if (isSo) quirks.push(quirk);
  }
  return behaviourOf(quirks, unknown);
}

/** What is known after another probe of the same endpoint: a quirk that was seen once is there until it is excluded. */
export function joinBehaviours(before: EndpointBehaviour, now: EndpointBehaviour): EndpointBehaviour {
  const remembered = before.quirks.filter((quirk) => now.unknown.includes(quirk));
  const unknown = now.unknown.filter((quirk) => !remembered.includes(quirk));
  return behaviourOf([...now.quirks, ...remembered], unknown);
}

function behaviourOf(quirks: readonly EndpointQuirk[], unknown: readonly EndpointQuirk[]): EndpointBehaviour {
  const isSerial = quirks.some((quirk) => serial.has(quirk));
  return { listing: isSerial ? 'serialByPrefix' : 'ranges', quirks: quirks.toSorted(), unknown: unknown.toSorted() };
}

const sampleSize = 1000;
const serial: ReadonlySet<EndpointQuirk> = new Set(['utf16Order', 'astralKeysDoubled', 'astralKeysMissing']);
