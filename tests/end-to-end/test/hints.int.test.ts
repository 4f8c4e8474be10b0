import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  type Event,
  GetObjectTaggingCommand,
  ListObjectVersionsCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { freePorts, type RunningMinio, startMinio } from '@mirror/local';
import { testServers, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3Access, s3Client } from '../src/index.js';
import { startTestSystem, type TestSystem } from './test-system.js';

const bucket = 'hinted';
const token = 'hints-1f0c9a7b3d';
const topic = `hints-${process.pid}-${Date.now()}`;
/** No range is due again while the test runs: what appears was hinted at. */
const hour = '3600000';

interface Stored {
  readonly _id: { readonly k: string; readonly v: string };
  readonly description: { readonly tags: unknown } | null;
}

/** Keys below `kafka/` are told of through Kafka, all others through the webhook. */
const targetsOf = (pollerPort: number) => ({
  MINIO_NOTIFY_WEBHOOK_ENABLE_main: 'on',
  MINIO_NOTIFY_WEBHOOK_ENDPOINT_main: `http://127.0.0.1:${pollerPort}/hints/v1/s3-events`,
  MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_main: token,
  MINIO_NOTIFY_KAFKA_ENABLE_main: 'on',
  MINIO_NOTIFY_KAFKA_BROKERS_main: testServers().kafkaBrokers.join(','),
  MINIO_NOTIFY_KAFKA_TOPIC_main: topic,
});

describe('hints of a real MinIO', () => {
  let folder: string;
  let minio: RunningMinio;
  let running: TestSystem;
  let source: S3Client;
  let gateway: S3Client;
  let pollerUrl: string;

  beforeAll(async () => {
    const [port = 0] = await freePorts(1);
    pollerUrl = `http://127.0.0.1:${port}`;
    folder = mkdtempSync(join(tmpdir(), 'mirror-hints-'));
    const poller = { POLL_INTERVAL_MS: hour, VISIT_DEADLINE_SECONDS: '3600', REMOVAL_DELAY_SECONDS: '1' };
    const hints = { HINTS_TOKEN: token, HINTS_TOPIC: topic };
    [minio, running] = await Promise.all([
      startMinio({ dataDir: folder, env: targetsOf(port), report: () => {} }),
      startTestSystem({ environment: { poller: { ...poller, ...hints } }, ports: { poller: port } }),
    ]);
    const connector: S3Access = { ...minio, bucket };
    source = s3Client(connector);
    await prepare(source);
    await running.system.mirror(bucket, connector);
    await running.system.waitUntilLive(bucket);
    gateway = s3Client(await running.system.gatewayAccess(bucket));
    // The consumer begins at the topic's end: what comes before it has joined is lost, as hints may be.
    const isHeard = async () => (await put('kafka/heard')) && (await metric('received', 'kafka')) > 0;
    await waitFor(isHeard, { what: 'the first hint from Kafka', timeoutMs: 60_000, intervalMs: 500 });
  }, 240_000);

  afterAll(async () => {
    gateway?.destroy();
    source?.destroy();
    await running?.stop();
    await minio?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  const metric = async (name: 'received' | 'matched' | 'refused', from: 'kafka' | 'webhook') => {
    const metrics = await (await fetch(`${pollerUrl}/metrics`)).text();
    return Number(metrics.match(new RegExp(`mirror_hints_${name}_total{[^}]*source="${from}"[^}]*} (\\d+)`))?.[1] ?? 0);
  };
  const versionsOf = async (s3: S3Client, key: string) => {
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key }));
    const entries = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    return entries.map(({ VersionId, IsLatest }) => `${VersionId} ${IsLatest}`).sort();
  };
  /** The mirror shows of a key what the connector does. */
  const follows = (key: string) =>
    waitFor(async () => `${await versionsOf(gateway, key)}` === `${await versionsOf(source, key)}`, {
      what: `the mirror to follow ${key}`,
      timeoutMs: 20_000,
    });
  const put = (Key: string, Body = 'x') => source.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));

  it.each(['a b+c/ü 100%.txt', 'kafka/a b+c/ü 100%.txt'])(
    'bring put, overwrite, delete and removal of %j forward',
    async (key) => {
      const first = await put(key, 'one');
      await follows(key);
      await put(key, 'two');
      await follows(key);
      await source.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      await follows(key);
      await source.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: first.VersionId }));
      await follows(key);
      expect(await versionsOf(gateway, key)).toHaveLength(2);
    },
    60_000,
  );

  it('bring changed tags into the mirror, which no listing shows', async () => {
    const { VersionId } = await put('tagged');
    await follows('tagged');
    const Tagging = { TagSet: [{ Key: 'state', Value: 'paid' }] };
    await source.send(new PutObjectTaggingCommand({ Bucket: bucket, Key: 'tagged', Tagging }));
    const { mirrorId } = await running.system.status(bucket);
    const versions = running.db.collection<Stored>(`versions.${mirrorId}`);
    const tags = async () => (await versions.findOne({ _id: { k: 'tagged', v: VersionId ?? '' } }))?.description?.tags;
    await waitFor(async () => JSON.stringify(await tags()) === '[["state","paid"]]', { what: 'the tags' });
    const asked = await gateway.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: 'tagged' }));
    expect(asked.TagSet).toEqual(Tagging.TagSet);
  });

  it('are believed in nothing: what does not exist does not appear', async () => {
    const answer = await post(JSON.stringify({ Records: [recordOf(bucket, 'invented')] }));
    expect(await answer.json()).toEqual({ received: 1, matched: 1, refused: [] });
    await put('after the invented one');
    await follows('after the invented one');
    expect(await versionsOf(gateway, 'invented')).toEqual([]);
  });

  it('are refused with words where they cannot be read, and without the token', async () => {
    const noJson = await post('{');
    expect(noJson.status).toBe(400);
    const noRecords = await post('{"hello":1}');
    expect([noRecords.status, await noRecords.text()]).toEqual([400, expect.stringContaining('No S3 event records')]);
    const badKey = await post(JSON.stringify({ Records: [recordOf(bucket, '%')] }));
    expect([badKey.status, await badKey.text()]).toEqual([400, expect.stringContaining('no URL-encoded key')]);
    expect((await post(JSON.stringify({ Records: [], padding: 'x'.repeat(2 ** 20) }))).status).toBe(413);
    const stranger = await post('{"Records":[]}', 'Bearer somebody else');
    expect([stranger.status, await stranger.text()]).toEqual([401, expect.stringContaining('HINTS_TOKEN')]);
  });

  it('of a bucket that nobody mirrors are counted, and matched by none', async () => {
    const answer = await post(JSON.stringify({ Records: [recordOf('elsewhere', 'x')] }));
    expect(await answer.json()).toEqual({ received: 1, matched: 0, refused: [] });
    expect(await metric('matched', 'kafka')).toBeGreaterThanOrEqual(4);
    expect(await metric('matched', 'webhook')).toBeLessThan(await metric('received', 'webhook'));
    expect(await metric('refused', 'webhook')).toBeGreaterThanOrEqual(2);
  });

  const post = (body: string, authorization = `Bearer ${token}`) =>
    fetch(`${pollerUrl}/hints/v1/s3-events`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body,
    });
});

const recordOf = (name: string, key: string) => ({
  eventVersion: '2.1',
  eventName: 'ObjectCreated:Put',
  s3: { bucket: { name }, object: { key } },
});

async function prepare(s3: S3Client): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
  const Events: Event[] = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'];
  const below = (prefix: string) => ({ Key: { FilterRules: [{ Name: 'prefix' as const, Value: prefix }] } });
  const QueueConfigurations = [
    { QueueArn: 'arn:minio:sqs::main:kafka', Events, Filter: below('kafka/') },
    ...['a', 't'].map((prefix) => ({ QueueArn: 'arn:minio:sqs::main:webhook', Events, Filter: below(prefix) })),
  ];
  const NotificationConfiguration = { QueueConfigurations };
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: bucket, NotificationConfiguration }));
  for (let n = 0; n < 30; n += 1) await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `k${n}`, Body: `${n}` }));
}
