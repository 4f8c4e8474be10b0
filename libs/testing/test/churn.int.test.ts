import { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Churned, churn, type FreshBucket, freshBucket, generateBucket } from '../src/index.js';

describe('churn', () => {
  let target: FreshBucket;
  let churned: Churned;
  let before: ReadonlySet<string>;

  const list = async (): Promise<ReadonlySet<string>> => {
    const page = await target.s3.send(new ListObjectVersionsCommand({ Bucket: target.bucket }));
    const versions = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    return new Set(versions.map((version) => `${version.Key} ${version.VersionId}`));
  };

  beforeAll(async () => {
    target = await freshBucket({ versioning: 'none', prefix: 'churned' });
    await generateBucket(target.s3, target.bucket, { shape: { versions: 300, hotKeyVersions: 5, nullVersions: 10 } });
    before = await list();
    churned = await churn(target.s3, target.bucket, { seed: 7, changesPerSecond: 40, seconds: 3 });
  });
  afterAll(() => target.drop());

  it('makes as many changes a second as asked for, of every kind', () => {
    // A delete or tagging that a removal overtook is no change.
    expect(churned.changes.length).toBeGreaterThan(110);
    expect(churned.changes.length).toBeLessThanOrEqual(120);
    expect(churned.seconds).toBeGreaterThan(2.9);
    const kinds = new Set(churned.changes.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(['deleteMarker', 'overwrite', 'put', 'tagging', 'versionRemoval']);
  });

  it('records what the bucket then lists', async () => {
    const listed = await list();
    expect(before.size).toBe(300);
    const id = ({ key, versionId }: { key: string; versionId: string }) => `${key} ${versionId}`;
    const removed = new Set(churned.changes.filter(({ kind }) => kind === 'versionRemoval').map(id));
    const written = churned.changes.filter(({ kind }) => kind !== 'versionRemoval' && kind !== 'tagging').map(id);
    // MinIO answers a delete of a key that is deleted already with the marker that is there.
    const expected = [...new Set([...before, ...written])].filter((version) => !removed.has(version));
    expect([...listed].toSorted()).toEqual(expected.toSorted());
  });
});
