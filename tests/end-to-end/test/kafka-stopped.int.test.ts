import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, type RunningKafka, startKafka, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locationOf, waitUntilEqual } from '../src/index.js';
import { readTopic } from '../src/kcat.js';
import { connectorAccess, startTestSystem, type TestSystem } from './test-system.js';

describe('Kafka stopped', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mirror-kafka-stopped-'));
  let kafka: RunningKafka;
  let running: TestSystem;
  let target: FreshBucket;
  beforeAll(async () => {
    kafka = await startKafka({ dataDir: folder });
    [running, target] = await Promise.all([
      startTestSystem({ kafkaBrokers: kafka.brokers }),
      freshBucket({ prefix: 'kafka-stopped' }),
    ]);
    await target.s3.send(new PutObjectCommand({ Bucket: target.bucket, Key: 'waits.txt', Body: 'for Kafka' }));
  });
  afterAll(async () => {
    await running?.stop();
    await kafka?.stop();
    await target?.drop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  async function post(path: string, body: unknown): Promise<number> {
    const { urls, adminToken } = running.system;
    const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
    const response = await fetch(urls.config + path, { method: 'POST', headers, body: JSON.stringify(body) });
    await response.body?.cancel();
    return response.status;
  }

  it('answers 201 all the same, and the events arrive when Kafka is back', async () => {
    const connector = connectorAccess(target.bucket);
    await kafka.stop();
    expect(await post('/v1/locations', locationOf('outage', connector))).toBe(201);
    const request = { name: target.bucket, locationConstraint: 'outage:ingest' };
    expect(await post('/v1/buckets', request)).toBe(201);
    expect(await running.system.api.get(`/v1/buckets/${target.bucket}`)).toMatchObject({ name: target.bucket });

    await kafka.start();
    const arrived = async (topic: string, type: string) => {
      const messages = await readTopic(kafka.brokers, running.topicPrefix + topic);
      return messages.map(({ headers }) => headers.ce_type).includes(type);
    };
    const soon = { timeoutMs: 90_000, intervalMs: 500 };
    await waitFor(() => arrived('zenko.locations.v1', 'LocationCreated'), { what: 'LocationCreated', ...soon });
    await waitFor(() => arrived('zenko.buckets.v1', 'BucketMirrored'), { what: 'BucketMirrored', ...soon });
    await running.system.waitUntilLive(target.bucket, 90_000);
    await waitUntilEqual(await running.system.gatewayAccess(target.bucket), connector, 60_000);
  }, 300_000);
});
