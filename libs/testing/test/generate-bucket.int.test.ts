import {
  type DeleteMarkerEntry,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshBucket, freshBucket, type GeneratedBucket, generateBucket } from '../src/index.js';

async function listAll(s3: S3Client, Bucket: string) {
  const versions: ObjectVersion[] = [];
  const markers: DeleteMarkerEntry[] = [];
  let next: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (next) {
    const page: ListObjectVersionsCommandOutput = await s3.send(new ListObjectVersionsCommand({ Bucket, ...next }));
    versions.push(...(page.Versions ?? []));
    markers.push(...(page.DeleteMarkers ?? []));
    next = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined;
  }
  return { versions, markers };
}

describe('generateBucket', () => {
  let target: FreshBucket;
  let written: GeneratedBucket;
  let listed: Awaited<ReturnType<typeof listAll>>;
  const progress: number[] = [];
  beforeAll(async () => {
    target = await freshBucket({ versioning: 'none', prefix: 'generated' });
    const shape = { versions: 2_000, hotKeyVersions: 1_050, nullVersions: 40, multiparts: 3, describedShare: 0.05 };
    written = await generateBucket(target.s3, target.bucket, { shape, onProgress: (done) => progress.push(done) });
    listed = await listAll(target.s3, target.bucket);
  });
  afterAll(() => target.drop());

  it('writes what it says it wrote', () => {
    const { versions, markers } = listed;
    expect(versions.length + markers.length).toBe(2_000);
    expect([versions.length, markers.length]).toEqual([written.versions, written.deleteMarkers]);
    expect(new Set([...versions, ...markers].map(({ Key }) => Key)).size).toBe(written.keys);
    expect(versions.filter(({ VersionId }) => VersionId === 'null')).toHaveLength(40);
    expect(versions.filter(({ ETag }) => ETag?.endsWith('-1"'))).toHaveLength(3);
    expect(versions.reduce((sum, { Size = 0 }) => sum + Size, 0)).toBe(written.bytes);
    expect(progress).toEqual([500, 1000, 1500, 2000]);
  });

  it('holds one key with more versions than a page', () => {
    const counts = Map.groupBy(listed.versions, ({ Key }) => Key);
    expect(Math.max(...[...counts.values()].map((versions) => versions.length))).toBe(1_050);
  });

  it('writes several versions of a key in one second', () => {
    const seconds = Map.groupBy(
      listed.versions,
      ({ Key, LastModified }) => `${Key} ${LastModified?.toISOString().slice(0, 19)}`,
    );
    expect([...seconds.values()].some((versions) => versions.length > 1)).toBe(true);
  });

  it('describes some versions with metadata, content headers and tags', async () => {
    const { s3, bucket } = target;
    const describedOnes = await Promise.all(
      listed.versions.map(async ({ Key, VersionId }) => {
        const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key, VersionId }));
        return head.Metadata?.['uploaded-by'] === 'generator' ? { Key, VersionId } : null;
      }),
    );
    const found = describedOnes.filter((version) => version !== null);
    expect(found).toHaveLength(written.described);
    const [{ Key, VersionId } = {}] = found;
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: bucket, Key, VersionId }));
    expect(TagSet).toContainEqual({ Key: 'note', Value: 'a b+' });
  });

  it('refuses a bucket that can get no null versions', async () => {
    await expect(generateBucket(target.s3, target.bucket)).rejects.toThrow('it can get no null versions any more');
  });
});
