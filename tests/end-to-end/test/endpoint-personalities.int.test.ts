import { isDeepStrictEqual } from 'node:util';
import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { type ListingServer, startListingServer, type VersionedBucket, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3Client } from '../src/index.js';
import { startTestSystem, type TestSystem } from './test-system.js';

const removalDelayMs = 2_000;
const pollIntervalMs = 200;
/** Enough for what is missing to be missed for several times the delay. */
const listingsToSee = 40;

const allFaults = ['empty', 'half', 'markerAhead'] as const;
const kinds = [
  { personality: 's3Connector', faults: allFaults },
  { personality: 's3ConnectorDoubling', faults: [] },
  { personality: 's3ConnectorOmitting', faults: [] },
  { personality: 'minio', faults: allFaults },
  { personality: 'versitygw', faults: allFaults },
] as const;

describe('connectors of every kind are mirrored', () => {
  let running: TestSystem;
  beforeAll(async () => {
    running = await startTestSystem({
      environment: {
        poller: { REMOVAL_DELAY_SECONDS: String(removalDelayMs / 1000), POLL_INTERVAL_MS: String(pollIntervalMs) },
      },
    });
  });
  afterAll(() => running?.stop());

  describe.each(kinds)('$personality', ({ personality, faults }) => {
    const bucket = `kind-${personality.toLowerCase()}`;
    let server: ListingServer;
    let gateway: S3Client;
    beforeAll(async () => {
      server = await startListingServer({ personality, seed: fill });
      const { endpoint, region, accessKeyId, secretAccessKey } = server;
      const connector = { endpoint, region, accessKeyId, secretAccessKey, bucket: server.bucket };
      gateway = s3Client(await running.system.gatewayAccess(bucket));
      await running.system.mirror(bucket, connector);
      await running.system.waitUntilLive(bucket);
    });
    afterAll(async () => {
      gateway?.destroy();
      await server?.stop();
    });

    const truth = (): string[] => {
      const { contents } = server;
      const all = contents.keys().flatMap((key) => contents.versionsOf(key));
      return all.map((version) => nameOf(version, contents.find(version.key) === version)).sort();
    };
    const mirrored = async (): Promise<string[]> => {
      const listed = await gateway.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      const versions = (listed.Versions ?? []).map((version) => ({ ...version, kind: 'version' }));
      const markers = (listed.DeleteMarkers ?? []).map((marker) => ({ ...marker, kind: 'deleteMarker' }));
      const all = [...versions, ...markers];
      const named = all.map(({ Key = '', VersionId = '', kind, IsLatest = false }) =>
        nameOf({ key: Key, versionId: VersionId, kind }, IsLatest),
      );
      return named.sort();
    };
    // By the server's own contents: versitygw lists markers apart, which tells no order to compare with.
    const waitUntilTrue = () =>
      waitFor(async () => isDeepStrictEqual(await mirrored(), truth()), {
        what: 'the mirror to be true',
        timeoutMs: 60_000,
      });

    it('is equal after the snapshot, and after changes', async () => {
      await waitUntilTrue();
      const { contents } = server;
      contents.put('folder/1', { body: 'overwritten' });
      contents.put('new', { body: 'new' });
      contents.delete('folder/2');
      contents.remove('folder/3', contents.find('folder/3')?.versionId ?? '');
      contents.remove('hot', contents.versionsOf('hot').at(5)?.versionId ?? '');
      await waitUntilTrue();
    });

    it.each(faults)('loses nothing while its listings are faulty: %s', async (listing) => {
      const before = truth();
      const seen = server.listings.length;
      server.inject({ listing });
      const enough = () => server.listings.length - seen > listingsToSee;
      await waitFor(enough, { what: 'faulty listings', timeoutMs: 60_000 });
      expect(await mirrored()).toEqual(before);
      server.inject({});
      await waitUntilTrue();
    });
  });
});

const nameOf = (
  { key, versionId, kind }: { key: string; versionId: string; kind: string },
  isLatest: boolean,
): string => `${key} ${versionId} ${kind}${isLatest ? ', latest' : ''}`;

function fill(bucket: VersionedBucket): void {
  bucket.versioning = 'none';
  for (let index = 0; index < 10; index += 1) bucket.put(`folder/${index}`, { body: `null ${index}` });
  bucket.versioning = 'Enabled';
  for (let index = 0; index < 150; index += 1) {
    bucket.put(`folder/${index}`, { body: `one ${index}` });
    if (index % 7 === 0) bucket.delete(`folder/${index}`);
    if (index % 14 === 0) bucket.put(`folder/${index}`, { body: `two ${index}` });
  }
  for (let index = 0; index < 40; index += 1) bucket.put('hot', { body: `hot ${index}` });
  for (const key of ['a b+c%20', 'odd/\uE000', 'odd/\u{1F600}']) bucket.put(key, { body: key });
}
