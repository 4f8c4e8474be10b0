import { isDeepStrictEqual } from 'node:util';
import { ListObjectVersionsCommand, type ListObjectVersionsCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import {
  type ListingServer,
  type Personality,
  type StoredVersion,
  startListingServer,
  type VersionedBucket,
  waitFor,
} from '@mirror/testing';
import { type S3Access, type Status, type System, s3Client } from './system.js';

/** A listing server, mirrored under a bucket's name, and both sides by name: `KEY VERSIONID KIND`, the latest marked. */
export interface MirroredListingServer {
  readonly server: ListingServer;
  readonly connector: S3Access;
  /** What the server holds, whatever it lists. */
  truth(): string[];
  /** What the gateway lists. */
  mirrored(): Promise<string[]>;
  status(): Promise<Status>;
  waitUntilTrue(timeoutMs?: number): Promise<void>;
  /** That many listings from now on. */
  waitForListings(count: number, timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export async function mirrorListingServer(
  { system }: { readonly system: System },
  bucket: string,
  {
    liveWithinMs,
    ...options
  }: {
    readonly personality: Personality;
    readonly seed: (bucket: VersionedBucket) => void;
    readonly liveWithinMs?: number;
  },
): Promise<MirroredListingServer> {
  const server = await startListingServer(options);
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const connector = { endpoint, region, accessKeyId, secretAccessKey, bucket: server.bucket };
  const gateway = s3Client(await system.gatewayAccess(bucket));
  await system.mirror(bucket, connector);
  await system.waitUntilLive(bucket, liveWithinMs);
  const truth = () => truthOf(server.contents);
  const mirrored = () => listedBy(gateway, bucket);
  return {
    server,
    connector,
    truth,
    mirrored,
    status: () => system.status(bucket),
    // By the server's own contents: some kinds list markers apart, which tells no order to compare with.
    waitUntilTrue: async (timeoutMs = 120_000) => {
      const isTrue = async () => isDeepStrictEqual(await mirrored(), truth());
      await waitFor(isTrue, { what: `the mirror ${bucket} to be true`, timeoutMs, intervalMs: 100 });
    },
    waitForListings: async (count, timeoutMs = 120_000) => {
      const seen = server.listings.length;
      await waitFor(() => server.listings.length - seen >= count, { what: `${count} listings`, timeoutMs });
    },
    stop: async () => {
      gateway.destroy();
      await server.stop();
    },
  };
}

function truthOf(contents: VersionedBucket): string[] {
  const all: StoredVersion[] = contents.keys().flatMap((key) => contents.versionsOf(key));
  return all.map((version) => nameOf(version, contents.find(version.key) === version)).sort();
}

async function listedBy(client: S3Client, bucket: string): Promise<string[]> {
  const names: string[] = [];
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    const markers = { KeyMarker: page?.NextKeyMarker, VersionIdMarker: page?.NextVersionIdMarker };
    page = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, ...markers }));
    names.push(...(page.Versions ?? []).map((version) => nameOfListed(version, 'version')));
    names.push(...(page.DeleteMarkers ?? []).map((marker) => nameOfListed(marker, 'deleteMarker')));
  } while (page.IsTruncated);
  return names.sort();
}

const nameOfListed = (
  {
    Key: key = '',
    VersionId: versionId = '',
    IsLatest = false,
  }: { Key?: string; VersionId?: string; IsLatest?: boolean },
  kind: string,
): string => nameOf({ key, versionId, kind }, IsLatest);

const nameOf = (
  { key, versionId, kind }: { key: string; versionId: string; kind: string },
  isLatest: boolean,
): string => `${key} ${versionId} ${kind}${isLatest ? ', latest' : ''}`;
