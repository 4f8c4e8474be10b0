import type { VersionedBucket } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MirroredListingServer, mirrorListingServer } from '../src/mirrored-listing-server.js';
import { startTestSystem, type TestSystem } from './test-system.js';

const removalDelayMs = 1_000;
const pollIntervalMs = 100;
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
    let kind: MirroredListingServer;
    beforeAll(async () => {
      kind = await mirrorListingServer(running, `kind-${personality.toLowerCase()}`, { personality, seed: fill });
    });
    afterAll(() => kind?.stop());

    it('is equal after the snapshot, and after changes', async () => {
      await kind.waitUntilTrue();
      const { contents } = kind.server;
      contents.put('folder/1', { body: 'overwritten' });
      contents.put('new', { body: 'new' });
      contents.delete('folder/2');
      contents.remove('folder/3', contents.find('folder/3')?.versionId ?? '');
      contents.remove('hot', contents.versionsOf('hot').at(5)?.versionId ?? '');
      await kind.waitUntilTrue();
    });

    it.each(faults)('loses nothing while its listings are faulty: %s', async (listing) => {
      const before = kind.truth();
      kind.server.inject({ listing });
      await kind.waitForListings(listingsToSee);
      expect(await kind.mirrored()).toEqual(before);
      kind.server.inject({});
      await kind.waitUntilTrue();
    });
  });
});

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
