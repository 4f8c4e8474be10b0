import { DeleteObjectCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, generateBucket, testServers, waitFor } from '@mirror/testing';
import { Kafka, logLevel, type Message } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locationOf, type S3Access, waitUntilEqual } from '../src/index.js';
import { readTopic } from '../src/kcat.js';
import { connectorAccess, startTestSystem, type TestSystem } from './test-system.js';

const CHANGES = 'zenko.object-changes.v1';
const bucket = 'operated';

interface Failure {
  id: string;
  code: string;
  key: string | null;
  retries: number;
}
interface OperatorStatus {
  state: string;
  mirrorId: string;
  snapshot: { versionsListed: number };
  removals: { candidates: number; unlisted: number; ledger: number };
  lastVerify: { completedAt: string | null; versionsCompared: number; differences: number } | null;
}

/** What operators do, through config's REST API, with all services behind it. */
let running: TestSystem;
let first: FreshBucket;
let second: FreshBucket;
let mirror: S3Access;
beforeAll(async () => {
  [running, first, second] = await Promise.all([
    startTestSystem({ environment: { poller: { REMOVAL_DELAY_SECONDS: '1' } } }),
    freshBucket({ prefix: 'first' }),
    freshBucket({ prefix: 'second' }),
  ]);
  await generateBucket(first.s3, first.bucket, { shape: { versions: 60, hotKeyVersions: 5, nullVersions: 0 } });
  await second.s3.send(new PutObjectCommand({ Bucket: second.bucket, Key: 'of the second', Body: 'second' }));
  mirror = await running.system.gatewayAccess(bucket);
  await running.system.mirror(bucket, connectorAccess(first.bucket));
  await running.system.waitUntilLive(bucket);
  await waitUntilEqual(mirror, connectorAccess(first.bucket), 30_000);
});
afterAll(async () => {
  await running?.stop();
  await Promise.all([first?.drop(), second?.drop()]);
});

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${running.system.urls.config}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${running.system.adminToken}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    body: body ? JSON.stringify(body) : null,
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}
const status = async () => (await call('GET', `/v1/buckets/${bucket}/status`)).body as OperatorStatus;
const failures = async () => ((await call('GET', `/v1/failures?bucket=${bucket}`)).body as { items: Failure[] }).items;

async function produce(messages: Message[]): Promise<void> {
  const kafka = new Kafka({ brokers: [...testServers().kafkaBrokers], logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: running.topicPrefix + CHANGES, messages });
  await producer.disconnect();
}

it('a verification compares everything, and its report is in the status', async () => {
  expect((await call('POST', `/v1/buckets/${bucket}/verify`)).status).toBe(202);
  const completed = async () => (await status()).lastVerify?.completedAt;
  await waitFor(completed, { what: 'the verification', timeoutMs: 60_000 });
  expect((await status()).lastVerify).toMatchObject({ versionsCompared: 60, differences: 0 });
});

it('removals are accepted up to what the ledger has reached', async () => {
  const { VersionId } = await first.s3.send(new PutObjectCommand({ Bucket: first.bucket, Key: 'gone', Body: 'x' }));
  await waitUntilEqual(mirror, connectorAccess(first.bucket), 30_000);
  expect((await status()).snapshot.versionsListed).toBe(60); // as it was when the snapshot was complete
  await first.s3.send(new DeleteObjectCommand({ Bucket: first.bucket, Key: 'gone', VersionId }));
  await waitFor(async () => (await status()).removals.ledger > 0, { what: 'a candidate', timeoutMs: 30_000 });
  const { ledger } = (await status()).removals;
  const accept = (n: number) => call('POST', `/v1/buckets/${bucket}/accept-removals`, { ledger: n });
  expect(await accept(ledger + 1)).toMatchObject({ status: 409, body: { code: 'BUCKET.LEDGER_AHEAD' } });
  expect((await accept(ledger)).status).toBe(202);
  await waitUntilEqual(mirror, connectorAccess(first.bucket), 30_000);
});

describe('an event that can not be applied', () => {
  it('is listed, tried again, and discarded', async () => {
    const { mirrorId } = await status();
    await produce([{ key: `${bucket}/poison`, value: JSON.stringify({ mirrorId, bucket, key: 'poison' }) }]);
    const [failure] = await waitFor(async () => (await failures()).length === 1 && failures(), { what: 'the failure' });
    expect(failure).toMatchObject({ kind: 'event', key: 'poison', code: 'EVENT.MALFORMED', retries: 0 });
    expect((await call('POST', `/v1/failures/${failure?.id}/retry`)).status).toBe(202);
    await waitFor(async () => (await failures())[0]?.retries === 1, { what: 'the first try' });
    expect((await call('POST', `/v1/failures/retry?bucket=${bucket}`)).status).toBe(202);
    await waitFor(async () => (await failures())[0]?.retries === 2, { what: 'the second try' });
    expect((await call('POST', `/v1/failures/${failure?.id}/discard`)).status).toBe(202);
    await waitFor(async () => (await failures()).length === 0, { what: 'no failure' });
    expect((await call('POST', `/v1/failures/${failure?.id}/discard`)).status).toBe(404);
  });
});

describe('a bucket detached, and made again on another target', () => {
  it('shows the second target alone, though the events of its first life come again', async () => {
    const { mirrorId: firstLife } = await status();
    const said = (await readTopic(testServers().kafkaBrokers, running.topicPrefix + CHANGES)).filter(
      ({ headers }) => headers.ce_type === 'ObjectChanged',
    );
    expect(said.length).toBeGreaterThan(60);
    const again = said.map(({ key, headers, payload }) => ({ key, headers, value: JSON.stringify(payload) }));
    const poison = { key: `${bucket}/poison`, value: JSON.stringify({ mirrorId: firstLife, bucket, key: 'poison' }) };
    await produce([poison]);
    await waitFor(async () => (await failures()).length === 1, { what: 'a failure of the first life' });

    expect((await call('DELETE', `/v1/buckets/${bucket}`)).status).toBe(204);
    await produce(again);
    const location = locationOf('at-second', connectorAccess(second.bucket));
    expect((await call('POST', '/v1/locations', location)).status).toBe(201);
    const made = await call('POST', '/v1/buckets', { name: bucket, locationConstraint: 'at-second:ingest' });
    expect(made.status).toBe(201);
    await produce([...again, poison]);
    await running.system.waitUntilLive(bucket);
    await produce([...again, poison]);
    await second.s3.send(new PutObjectCommand({ Bucket: second.bucket, Key: 'after them', Body: 'x' }));
    await waitUntilEqual(mirror, connectorAccess(second.bucket), 60_000);
    const listed = await second.s3.send(new ListObjectVersionsCommand({ Bucket: second.bucket }));
    expect(listed.Versions).toHaveLength(2);
    const empty = async () => ((await call('GET', '/v1/failures')).body as { items: Failure[] }).items.length === 0;
    await waitFor(empty, { what: 'the failures of the first life to be gone', timeoutMs: 30_000 });
  });
});
