import { personalities, seededRandom, startListingServer, type VersionedBucket } from '@mirror/testing';
import { describe, expect, it } from 'vitest';
import { createConnectorClient, EndpointGuard, parseNetworks } from '../src/index.js';
import { tryMarkers } from '../src/try-markers.js';

const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
const seeds = Array.from({ length: 40 }, (_, index) => index + 1);

async function wordsOn(personality: keyof typeof personalities, fills: readonly ((bucket: VersionedBucket) => void)[]) {
  const words: string[] = [];
  for (const seed of fills) {
    const server = await startListingServer({ personality, seed });
    const client = createConnectorClient(server, { guard });
    try {
      words.push(await tryMarkers(client, server.bucket, AbortSignal.timeout(10_000)));
    } finally {
      client.destroy();
      await server.stop();
    }
  }
  return words;
}

/** Every kind of entry, also at every place of a page. */
function fillAtRandom(bucket: VersionedBucket, seed: number): void {
  const random = seededRandom(seed);
  const below = (count: number) => Math.floor(random() * count);
  const count = 1 + below(40);
  for (const versioning of ['none', 'Enabled'] as const) {
    bucket.versioning = versioning;
    for (let index = 0; index < count; index += 1) {
      const key = `${'abc'[below(3)]}/${below(8)}`;
      if (versioning === 'Enabled' && random() < 0.3) bucket.delete(key);
      else bucket.put(key, { body: `${index}` });
    }
  }
}

describe('trying the markers of a usable endpoint', () => {
  it.each(Object.keys(personalities) as (keyof typeof personalities)[])(
    'passes at %s, whatever the first pages hold',
    async (personality) => {
      const fills = seeds.map((seed) => (bucket: VersionedBucket) => fillAtRandom(bucket, seed));
      const words = await wordsOn(personality, fills);
      expect(words).toHaveLength(seeds.length);
      if (personality === 'plain') expect(new Set(words)).toEqual(new Set(['Markers and order are as S3 has them.']));
    },
  );

  it('says that delete markers are listed apart', async () => {
    const fill = (bucket: VersionedBucket) => {
      for (const key of ['a', 'b', 'c', 'd']) bucket.put(key, { body: key });
      for (const key of ['b', 'd']) bucket.delete(key);
    };
    expect(await wordsOn('versitygw', [fill])).toEqual([expect.stringContaining('delete markers are listed before')]);
    expect(await wordsOn('plain', [fill])).toEqual([expect.not.stringContaining('delete markers')]);
  });
});
