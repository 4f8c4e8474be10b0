import {
  createConnectorClient,
  EndpointGuard,
  type ListedVersion,
  listVersionsPage,
  parseNetworks,
  probeEndpoint,
  type VersionPage,
} from '@mirror/connector';
import { LOCATION_TYPE } from '@mirror/events';
import { compareKeys, type MirroredVersion } from '@mirror/namespace';
import { type ListingServer, type Personality, startListingServer, type VersionedBucket } from '@mirror/testing';
import type { PageRequest } from '../src/connector/page-request.js';
import { type PolledTarget, targetOfLocation } from '../src/polled-target.js';
import { type ListPage, listRange, type Range } from '../src/visit/list-range.js';

/** A listing server of one personality, with what the poller and what a trusting reader see of it. */
export interface QuirkyBucket {
  readonly server: ListingServer;
  readonly client: ReturnType<typeof createConnectorClient>;
  readonly listPage: ListPage;
  /** The whole bucket in the poller's ranges, one after the other, as a first pass cuts them: as the probe says. */
  listAll(pageSize?: number): Promise<ListedVersion[]>;
  /** What somebody gets who follows the markers and believes every page. */
  listTrusting(pageSize: number): Promise<ListedVersion[]>;
  /** What is there, in S3's order. */
  truth(): string[];
  stop(): Promise<void>;
}

export const nameOf = ({ key, versionId, kind }: Pick<ListedVersion, 'key' | 'versionId' | 'kind'>): string =>
  `${key} ${versionId} ${kind}`;

export async function quirkyBucket(
  personality: Personality,
  seed?: (bucket: VersionedBucket) => void,
): Promise<QuirkyBucket> {
  const server = await startListingServer({ personality, ...(seed && { seed }) });
  const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
  const client = createConnectorClient(server, { guard, requestTimeoutMs: 5_000 });
  const listPage: ListPage = (request) => listVersionsPage(client, server.bucket, request);
  return {
    server,
    client,
    listPage,
    listAll: async (pageSize = 1_000) => {
      return listAll(listPage, pageSize, await targetNow(server, client));
    },
    listTrusting: (pageSize) => listTrusting(listPage, pageSize),
    truth: () => versionsOf(server.contents).map(nameOf),
    stop: async () => {
      client.destroy();
      await server.stop();
    },
  };
}

/** As a poller knows it of the location's event. */
async function targetNow({ endpoint, region, bucket }: ListingServer, client: QuirkyBucket['client']) {
  const { listing, quirks, unknown } = await probeEndpoint(client, bucket);
  return targetOfLocation({
    name: 'quirky',
    revision: '1',
    locationType: LOCATION_TYPE,
    details: { endpoint, bucketName: bucket, bucketMatch: true, region },
    behaviour: { listing, quirks: [...quirks], unknown: [...unknown] },
  });
}

async function listAll(listPage: ListPage, pageSize: number, target: PolledTarget): Promise<ListedVersion[]> {
  const all: ListedVersion[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const { hidesAstral, markers, ordersByUnits } = target;
    const range: Range = {
      after,
      end: null,
      pageSize,
      expected: null,
      confirmedHash: null,
      hidesAstral,
      markers,
      ordersByUnits,
    };
    const listing = await listRange(listPage, range);
    if (listing.kind !== 'listed') throw new Error('nothing was confirmed');
    all.push(...listing.versions);
    after = listing.end;
  }
  return all;
}

/** Stops where it would go round in a circle, so that the test can say what it got. */
async function listTrusting(listPage: ListPage, maxKeys: number): Promise<ListedVersion[]> {
  const all: ListedVersion[] = [];
  let request: PageRequest = { maxKeys };
  for (let pages = 0; pages < 100; pages += 1) {
    const page: VersionPage = (await listPage(request)).parse();
    all.push(...page.versions);
    if (!page.isTruncated) return all;
    request = { maxKeys, keyMarker: page.nextKeyMarker, versionIdMarker: page.nextVersionIdMarker };
  }
  return all;
}

export function versionsOf(bucket: VersionedBucket) {
  const keys = [...bucket.keys()].sort(compareKeys);
  return keys.flatMap((key) => bucket.versionsOf(key));
}

/** What a mirror holds that is true to the bucket; times in whole seconds where the endpoint gives no more. */
export function mirrorOf(bucket: VersionedBucket, wholeSeconds = false): MirroredVersion[] {
  let last = '';
  let place = 0;
  return versionsOf(bucket).map(({ key, versionId, kind, etag, body, lastModified }) => {
    place = key === last ? place + 1 : 0;
    last = key;
    const isVersion = kind === 'version';
    const cut = wholeSeconds && isVersion ? lastModified.getTime() % 1_000 : 0;
    return {
      _id: { k: key, v: versionId },
      kind,
      place,
      size: isVersion ? body.length : 0,
      etag: isVersion ? etag : '',
      storageClass: isVersion ? 'STANDARD' : '',
      lastModified: new Date(lastModified.getTime() - cut),
    } as MirroredVersion;
  });
}

/** Some of everything that endpoints are odd about, 300 versions in all. */
export function fillWithEverything(bucket: VersionedBucket): void {
  bucket.versioning = 'none';
  for (let index = 0; index < 20; index += 1) bucket.put(`null/${index}`, { body: `before ${index}` });
  bucket.versioning = 'Enabled';
  for (let index = 0; index < 60; index += 1) {
    const key = `${index % 3 === 0 ? 'null' : 'folder'}/${index}`;
    bucket.put(key, { body: `one ${index}` });
    if (index % 4 === 0) bucket.delete(key);
    if (index % 8 === 0) bucket.put(key, { body: `two ${index}` });
  }
  for (let index = 0; index < 90; index += 1) bucket.put('hot', { body: `hot ${index}` });
  for (const key of ['a b', 'a+b', 'a%20b', 'a&<b>"\'', 'é', 'e\u0301', 'odd/\uE000', 'odd/\uFF21', 'odd/\u{1F600}']) {
    bucket.put(key, { body: key });
    bucket.put(key, { body: `${key} again` });
  }
  for (let index = 0; index < 50; index += 1) bucket.put(`tail/${index}`, { body: `${index}` });
}
