import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, GetObjectTaggingCommand, type S3Client } from '@aws-sdk/client-s3';
import { type RunningMinio, setVersioning, startMinio } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type HistoryEntry,
  listHistory,
  type S3Access,
  s3Client,
  waitUntilDeeplyEqual,
  waitUntilPushed,
  waitUntilStagingIsEmpty,
} from '../src/index.js';
import { type ExpectedVersion, OperatingClients } from './operating-client.js';
import { startTestSystem, type TestSystem } from './test-system.js';

const bucket = 'stopped';
const operations = 500;
const keys = Array.from({ length: 60 }, (_, n) => `operated/${n}`);

describe(`the connector stopped during ${operations} operations`, { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mirror-stopped-'));
  let minio: RunningMinio;
  let running: TestSystem;
  let direct: S3Client;
  let gateway: S3Client;
  let connector: S3Access;
  let mirror: S3Access;
  let clients: OperatingClients;
  beforeAll(async () => {
    // A connector of its own, because it is stopped; two that push, because either may take up a key.
    [minio, running] = await Promise.all([startMinio({ dataDir: folder }), startTestSystem({ replications: 2 })]);
    const { endpoint, region, accessKeyId, secretAccessKey } = minio;
    connector = { endpoint, region, accessKeyId, secretAccessKey, bucket };
    direct = s3Client(connector);
    await direct.send(new CreateBucketCommand({ Bucket: bucket }));
    await setVersioning(direct, bucket, 'Enabled');
    mirror = await running.system.gatewayAccess(bucket, 'writer');
    gateway = s3Client(mirror, 1);
    await running.system.mirror(bucket, connector);
    await running.system.waitUntilLive(bucket);
    clients = new OperatingClients(gateway, bucket, keys);
    for (const key of keys.slice(0, 20)) await clients.put(key);
    await waitUntilPushed(running.system, bucket);
    for (const version of [...clients.expected.values()].flat()) version.isPushed = true;
  });
  afterAll(async () => {
    for (const s3 of [direct, gateway]) s3?.destroy();
    await running?.stop();
    await minio?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  const listed = async (s3: S3Client) => {
    const found = await listHistory(s3, bucket);
    return Object.fromEntries([...found].map(([key, entries]) => [key, entries.map(asListed)]));
  };
  const expected = () => {
    const all = [...clients.expected].filter(([, versions]) => versions.length > 0);
    return Object.fromEntries(all.map(([key, versions]) => [key, versions.map(asExpected)]));
  };

  it('has them all answered, listed and readable while it is away', async () => {
    await minio.stop();
    await clients.operate(operations);
    const { uploads } = await running.system.status(bucket);
    expect(uploads).toMatchObject({ failed: 0, waiting: expect.any(Number) });
    expect(uploads?.waiting).toBeGreaterThan(operations / 2); // what is deleted before its push has begun waits no more
    expect(Math.min(...Object.values(clients.done))).toBeGreaterThan(0);
    expect(await listed(gateway)).toEqual(expected());
    for (const [key, versions] of clients.expected) {
      for (const version of versions.filter(({ isPushed }) => !isPushed)) await expectReadable(gateway, key, version);
    }
  });

  it('gets them all when it is back, in the order of each key, each once', async () => {
    await minio.start();
    await waitUntilPushed(running.system, bucket);
    expect(await listed(direct)).toEqual(expected());
    const history = await listHistory(direct, bucket);
    for (const [key, versions] of clients.expected) {
      for (const [at, version] of versions.entries()) {
        await expectReadable(direct, key, { ...version, versionId: history.get(key)?.[at]?.versionId ?? '' });
      }
    }
    await waitUntilDeeplyEqual(mirror, connector, 60_000);
    await waitUntilStagingIsEmpty(running.system);
  });

  it('is read with the version ids that the clients were answered, as before', async () => {
    for (const [key, versions] of clients.expected) {
      for (const version of versions) await expectReadable(gateway, key, version);
    }
  });

  async function expectReadable(s3: S3Client, Key: string, version: ExpectedVersion): Promise<void> {
    if (version.kind === 'deleteMarker') return;
    const target = { Bucket: bucket, Key, VersionId: version.versionId };
    const { Body, Metadata } = await s3.send(new GetObjectCommand(target));
    const { TagSet = [] } = await s3.send(new GetObjectTaggingCommand(target));
    expect(version.bytes.equals((await Body?.transformToByteArray()) ?? Buffer.alloc(0)), Key).toBe(true);
    expect({ Metadata, tags: Object.fromEntries(TagSet.map((tag) => [tag.Key, tag.Value])) }).toEqual({
      Metadata: version.metadata,
      tags: version.tags,
    });
  }
});

const asExpected = ({ kind, etag }: ExpectedVersion, at: number): string =>
  `${kind} ${etag}${at === 0 ? ', latest' : ''}`;
const asListed = ({ kind, etag, isLatest }: HistoryEntry): string => `${kind} ${etag}${isLatest ? ', latest' : ''}`;
