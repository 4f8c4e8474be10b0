import { PutObjectCommand } from '@aws-sdk/client-s3';
import { testServers, type VersionedBucket, waitFor } from '@mirror/testing';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { missedSoon, s3Client } from '../src/index.js';
import { type MirroredListingServer, mirrorListingServer } from '../src/mirrored-listing-server.js';
import { startTestSystem, type TestSystem } from './test-system.js';

const bucket = 'replayed';
const patience = { timeoutMs: 120_000, intervalMs: 100 };
const consuming = ['metadata', 'poller', 'replication'] as const;
/**
 * What changes by itself while services start and run: who is alive, who relays, and the write counters, which say that a
 * range is to be compared and counted anew. None of it is what was replayed.
 */
const aboutItself = /^pollers$|^segments$|\.lease$/;

let running: TestSystem;
let mirror: MirroredListingServer;
const kafka = new Kafka({ brokers: [...testServers().kafkaBrokers], logLevel: logLevel.NOTHING });
let admin: Admin;
beforeAll(async () => {
  running = await startTestSystem({
    environment: { poller: { REMOVAL_DELAY_SECONDS: '1', POLL_INTERVAL_MS: '200' }, metadata: missedSoon },
  });
  mirror = await mirrorListingServer(running, bucket, { personality: 's3Connector', seed: fill });
  admin = kafka.admin();
  await admin.connect();
}, 240_000);
afterAll(async () => {
  await admin?.disconnect();
  await running?.stop();
  await mirror?.stop();
});

it('shows figures that are those of the connector, though metadata is killed again and again under churn', async () => {
  const { contents } = mirror.server;
  const metadata = running.system.service('metadata');
  for (let round = 0; round < 3; round += 1) {
    churn(contents, round);
    const { mirrored } = (await mirror.status()).versions;
    const isMoving = async () => (await mirror.status()).versions.mirrored !== mirrored;
    await waitFor(isMoving, { what: 'the first of these changes to be applied', ...patience });
    await metadata.kill();
    churn(contents, round + 100);
    await metadata.start();
  }
  await mirror.waitUntilTrue();
  await waitFor(async () => (await mirror.status()).versions, { what: 'figures', ...patience });
  expect((await mirror.status()).versions).toEqual(figuresOf(contents));
}, 400_000);

it('changes no document when every topic is replayed from its start, dead letters included', async () => {
  await useEveryTopic();
  await mirror.waitUntilTrue();
  await becomeQuiet();
  const replayed = await rewindGroups();
  expect(replayed.filter((topic) => topic.endsWith('.dlq'))).not.toEqual([]);
  for (const topic of ['object-changes', 'commands', 'uploads', 'replication'])
    expect(replayed).toContain(`${running.topicPrefix}zenko.${topic}.v1`);

  const changes: string[] = [];
  const stream = running.db.watch();
  stream.on('change', (change) => {
    const { coll = '' } = 'ns' in change ? (change.ns as { coll?: string }) : {};
    const told = 'updateDescription' in change ? change.updateDescription : {};
    if (!aboutItself.test(coll)) changes.push(`${change.operationType} ${coll} ${JSON.stringify(told)}`);
  });
  for (const name of consuming) await running.system.service(name).start();
  await waitFor(async () => (await lagOfGroups()) === 0, { what: 'all topics to be read again', ...patience });
  // The stream has shown everything before this document, which comes last.
  await running.db.collection<{ _id: string }>('lastOfAll').insertOne({ _id: 'last' });
  await waitFor(() => changes.at(-1)?.startsWith('insert lastOfAll'), { what: 'the end of the stream', ...patience });
  await stream.close();
  expect(changes.slice(0, -1)).toEqual([]);
}, 400_000);

/** An upload, a poisonous event that is discarded, one that stays, a verification. */
async function useEveryTopic(): Promise<void> {
  const { api } = running.system;
  const writer = s3Client(await running.system.gatewayAccess(bucket, 'writer'));
  await writer.send(new PutObjectCommand({ Bucket: bucket, Key: 'uploaded', Body: 'through the gateway' }));
  writer.destroy();
  await waitFor(() => mirror.server.contents.find('uploaded'), { what: 'the upload to be pushed', ...patience });
  const { mirrorId } = await mirror.status();
  const producer = kafka.producer();
  await producer.connect();
  const poison = (key: string) => ({ key: `${bucket}/${key}`, value: JSON.stringify({ mirrorId, bucket, key }) });
  const topic = `${running.topicPrefix}zenko.object-changes.v1`;
  await producer.send({ topic, messages: [poison('discarded'), poison('kept')] });
  await producer.disconnect();
  type Failures = { items: { id: string; key: string }[] };
  const failures = async () => (await api.get<Failures>(`/v1/failures?bucket=${bucket}`))?.items ?? [];
  const both = await waitFor(async () => (await failures()).length === 2 && failures(), { what: 'both', ...patience });
  await api.post(`/v1/failures/${both.find(({ key }) => key === 'discarded')?.id}/discard`, {});
  await waitFor(async () => (await failures()).length === 1, { what: 'one to be discarded', ...patience });
  await api.post(`/v1/buckets/${bucket}/verify`, {});
  type Verified = { lastVerify: { completedAt: string | null } | null };
  const verified = async () => (await api.get<Verified>(`/v1/buckets/${bucket}/status`))?.lastVerify?.completedAt;
  await waitFor(verified, { what: 'the verification', ...patience });
}

/** Nothing more is said, all that was said is applied, and nobody consumes. */
async function becomeQuiet(): Promise<void> {
  const { system, db } = running;
  const undescribed = () => db.collection('segments').countDocuments({ undescribed: true });
  await waitFor(async () => (await undescribed()) === 0, { what: 'all to be described', ...patience });
  await system.api.post(`/v1/buckets/${bucket}/pause`, {});
  const unsaid = () => db.collection('config.outbox').countDocuments();
  await waitFor(async () => (await unsaid()) === 0, { what: 'the pause to be said', ...patience });
  await system.service('poller').stop();
  await waitFor(async () => (await lagOfGroups()) === 0, { what: 'all to be applied', ...patience });
  for (const name of consuming) await system.service(name).stop();
}

/** Groups that commit; state tables commit nothing, and read from the start anyway. */
async function groups(): Promise<Array<{ groupId: string; topics: string[] }>> {
  const { groups: all } = await admin.listGroups();
  const own = all.map(({ groupId }) => groupId).filter((id) => id.startsWith(running.topicPrefix));
  const committed = own.map(async (groupId) => {
    const offsets = await admin.fetchOffsets({ groupId });
    return { groupId, topics: offsets.map(({ topic }) => topic) };
  });
  return (await Promise.all(committed)).filter(({ topics }) => topics.length > 0);
}

/** Gives back the topics that will be read again. A rewind joins its group and fetches for five seconds: all at once. */
async function rewindGroups(): Promise<string[]> {
  const rewound = new Set<string>();
  const rewind = async ({ groupId, topics }: Awaited<ReturnType<typeof groups>>[number]) => {
    for (const topic of topics) {
      await admin.resetOffsets({ groupId, topic, earliest: true });
      rewound.add(topic);
    }
  };
  await Promise.all((await groups()).map(rewind));
  return [...rewound];
}

async function lagOfGroups(): Promise<number> {
  let lag = 0;
  for (const { groupId, topics } of await groups()) {
    for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics })) {
      const ends = new Map((await admin.fetchTopicOffsets(topic)).map((end) => [end.partition, Number(end.high)]));
      for (const { partition, offset } of partitions) lag += (ends.get(partition) ?? 0) - Math.max(0, Number(offset));
    }
  }
  return lag;
}

function figuresOf(contents: VersionedBucket) {
  const keys = contents.keys();
  const all = keys.flatMap((key) => contents.versionsOf(key));
  const versions = all.filter(({ kind }) => kind === 'version');
  return {
    mirrored: all.length,
    currentObjects: keys.filter((key) => contents.find(key)?.kind === 'version').length,
    deleteMarkers: all.length - versions.length,
    bytes: versions.reduce((sum, { body }) => sum + body.length, 0),
  };
}

function fill(contents: VersionedBucket): void {
  for (let index = 0; index < 300; index += 1) contents.put(`object/${index}`, { body: `body ${index}` });
}

function churn(contents: VersionedBucket, round: number): void {
  for (let index = 0; index < 60; index += 1) contents.put(`new/${round}/${index}`, { body: `round ${round}` });
  for (let index = 0; index < 60; index += 1) contents.put(`object/${index * 5 + (round % 5)}`, { body: `${round}` });
  for (let index = 0; index < 20; index += 1) contents.delete(`object/${index * 14 + (round % 14)}`);
  const gone = contents.find(`object/${200 + (round % 100)}`);
  if (gone) contents.remove(gone.key, gone.versionId);
}
