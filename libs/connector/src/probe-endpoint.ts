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
  const isSerial = quirks.some((quirk) => serial.has(quirk));
  return { listing: isSerial ? 'serialByPrefix' : 'ranges', quirks, unknown };
}

const sampleSize = 1000;
const serial: ReadonlySet<EndpointQuirk> = new Set(['utf16Order', 'astralKeysDoubled', 'astralKeysMissing']);
