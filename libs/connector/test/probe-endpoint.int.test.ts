import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  type ConnectorAddress,
  freshBucket,
  freshName,
  type Personality,
  personalities,
  startListingServer,
  startVersitygw,
  testServers,
  type VersionedBucket,
} from '@mirror/testing';
import { describe, expect, it } from 'vitest';
import {
  createConnectorClient,
  EndpointGuard,
  type EndpointQuirk,
  joinBehaviours,
  parseNetworks,
  probeEndpoint,
} from '../src/index.js';

const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
const probed: readonly EndpointQuirk[] = [
  'fullPageSaysTruncated',
  'latestRepeatedAfterPage',
  'keyMarkerReemitted',
  'opaqueKeyMarker',
  'nullVersionMarkerEndsListing',
  'deletedVersionMarkerEndsListing',
  'deleteMarkersListedApart',
  'utf16Order',
  'astralKeysDoubled',
  'astralKeysMissing',
  'wholeSeconds',
];

async function probe(server: ConnectorAddress, bucket: string) {
  const client = createConnectorClient({ ...server, bucket }, { guard });
  try {
    return await probeEndpoint(client, bucket);
  } finally {
    client.destroy();
  }
}

async function probePersonality(personality: Personality, seed: (bucket: VersionedBucket) => void) {
  const server = await startListingServer({ personality, seed });
  const before = JSON.stringify([...server.contents.snapshot().versions]);
  try {
    const behaviour = await probe(server, server.bucket);
    expect(JSON.stringify([...server.contents.snapshot().versions])).toBe(before);
    return { ...behaviour, requests: server.listings.length };
  } finally {
    await server.stop();
  }
}

/** Something of all that can be told apart. */
const keys = ['a', 'b', 'b', 'c', 'd/\uE000', 'd/\u{1F600}', 'd/\u{1F600}', 'e'];

function fill(bucket: VersionedBucket): void {
  bucket.versioning = 'none';
  bucket.put('b', { body: 'before' });
  bucket.versioning = 'Enabled';
  for (const key of keys) bucket.put(key, { body: key });
  bucket.delete('c');
}

describe('the probe of an endpoint', () => {
  it.each(Object.keys(personalities) as (keyof typeof personalities)[])(
    'knows all quirks of %s',
    async (personality) => {
      const declared: readonly string[] = personalities[personality];
      const { listing, quirks, unknown, requests } = await probePersonality(personality, fill);
      expect(quirks.toSorted()).toEqual(probed.filter((quirk) => declared.includes(quirk)).toSorted());
      // Of two keys that are out of order, one that is left out can't be told from one that is not there.
      expect(unknown).toEqual(personality === 's3ConnectorOmitting' ? ['astralKeysDoubled', 'utf16Order'] : []);
      expect(listing).toBe(/Doubling|Omitting|Utf16/.test(personality) ? 'serialByPrefix' : 'ranges');
      expect(requests).toBeLessThan(15);
    },
  );

  it('does not guess at an empty bucket', async () => {
    const { listing, quirks, unknown } = await probePersonality('versitygw', () => {});
    expect({ listing, quirks }).toEqual({ listing: 'ranges', quirks: [] });
    expect(unknown.toSorted()).toEqual(probed.toSorted());
  });

  it('does not guess at a bucket without the keys that orders disagree about', async () => {
    const { unknown } = await probePersonality('s3ConnectorUtf16', (bucket) => {
      for (const key of ['a', 'b', 'b', '\u{1F600}']) bucket.put(key, { body: key });
    });
    expect(unknown).toEqual(expect.arrayContaining(['utf16Order', 'astralKeysDoubled', 'astralKeysMissing']));
  });

  it('forgets nothing that it saw before, unless it is excluded now', () => {
    const saw = { listing: 'serialByPrefix', quirks: ['astralKeysMissing', 'wholeSeconds'], unknown: [] } as const;
    const knowsLess = { listing: 'ranges', quirks: [], unknown: ['astralKeysMissing', 'utf16Order'] } as const;
    expect(joinBehaviours(saw, knowsLess)).toEqual({
      listing: 'serialByPrefix',
      quirks: ['astralKeysMissing'],
      unknown: ['utf16Order'],
    });
    expect(joinBehaviours(saw, { listing: 'ranges', quirks: [], unknown: [] }).listing).toBe('ranges');
  });

  it('says of MinIO what is known of it', async () => {
    const { s3, bucket, drop } = await freshBucket({ versioning: 'none', prefix: 'probe' });
    await fillReal(s3, bucket);
    const { listing, quirks, unknown } = await probe(testServers().connector, bucket);
    expect({ listing, quirks, unknown }).toEqual({ listing: 'ranges', quirks: ['opaqueKeyMarker'], unknown: [] });
    await drop();
  });

  it('says of versitygw what is known of it', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'mirror-versitygw-'));
    const server = await startVersitygw({ dataDir, report: (line) => process.stderr.write(`${line}\n`) });
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
    const s3 = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
    const bucket = freshName('probe');
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    await fillReal(s3, bucket);
    const { listing, quirks, unknown } = await probe(server, bucket);
    const declared: readonly string[] = personalities.versitygw;
    expect(quirks.toSorted()).toEqual(probed.filter((quirk) => declared.includes(quirk)).toSorted());
    expect({ listing, unknown }).toEqual({ listing: 'ranges', unknown: [] });
    s3.destroy();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }, 600_000);
});

async function fillReal(s3: S3Client, bucket: string): Promise<void> {
  const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }));
  await put('b');
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
  for (const key of keys) await put(key);
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'c' }));
}
