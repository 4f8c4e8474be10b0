import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { freshName } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConnectorClient, EndpointGuard, headVersion, listVersions, parseNetworks } from '../src/index.js';
import { installTimeoutMs, type RunningVersitygw, startVersitygw } from './versitygw.js';

const bucket = freshName('quirky');
let gateway: RunningVersitygw;
let client: S3Client;

beforeAll(async () => {
  gateway = await startVersitygw();
  await gateway.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const enabled = { Status: 'Enabled' } as const;
  await gateway.s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: enabled }));
  for (const key of ['a', 'b', 'b', 'b', 'c d', 'é', 'f', 'f', 'g']) {
    await gateway.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'content' }));
  }
  await gateway.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'g' }));
  const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
  const target = { endpoint: gateway.endpoint, region: gateway.region, bucket };
  const owner = { accessKeyId: 'owner', secretAccessKey: 'owner-secret' };
  client = createConnectorClient({ ...target, ...owner }, { guard });
}, installTimeoutMs);

afterAll(async () => {
  client?.destroy();
  await gateway?.stop();
});

describe('an endpoint that repeats versions and ignores encoding-type', () => {
  it.each([2, 3, 4, 1000])('lists each version once in pages of %i', async (maxKeys) => {
    const listed: string[] = [];
    for await (const { versions } of listVersions(client, bucket, { maxKeys })) {
      listed.push(...versions.map(({ key, versionId, kind }) => `${key} ${versionId} ${kind}`));
    }
    const sdk = await gateway.s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    const expected = [
      ...(sdk.Versions ?? []).map(({ Key, VersionId }) => `${Key} ${VersionId} version`),
      ...(sdk.DeleteMarkers ?? []).map(({ Key, VersionId }) => `${Key} ${VersionId} deleteMarker`),
    ];
    expect(expected).toHaveLength(10);
    expect(listed).toHaveLength(10);
    expect(listed.toSorted()).toEqual(expected.toSorted());
  });

  it('and never gets on in pages of one is told, instead of asked for ever', async () => {
    const walk = async () => {
      for await (const { versions } of listVersions(client, bucket, { maxKeys: 1 }))
        expect(versions.length).toBeLessThan(2);
    };
    await expect(walk()).rejects.toMatchObject({ code: 'S3.BAD_LISTING', hint: expect.stringMatching(/\w/) });
  });

  it('says of versions whether they are there', async () => {
    const { Versions = [], DeleteMarkers = [] } = await gateway.s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket }),
    );
    for (const { Key = '', VersionId = '' } of [...Versions, ...DeleteMarkers]) {
      expect(await headVersion(client, bucket, Key, VersionId)).toBe('found');
    }
    expect(await headVersion(client, bucket, 'a', '01KQ0000000000000000000000')).toBe('gone');
    expect(await headVersion(client, bucket, 'nobody', '01KQ0000000000000000000000')).toBe('gone');
  });
});
