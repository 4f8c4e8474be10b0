import { mkdtempSync, rmSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshName, type RunningMongo, startMongo, testServers, type VersionedBucket, waitFor } from '@mirror/testing';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type System, startSystem } from '../src/index.js';
import { type MirroredListingServer, mirrorListingServer } from '../src/mirrored-listing-server.js';

const patience = { timeoutMs: 90_000, intervalMs: 200 };

/** MongoDB goes back in time while all services run: its data directory is exchanged for an older copy of itself. */
const folder = mkdtempSync(join(tmpdir(), 'mirror-restored-'));
const dataDir = join(folder, 'mongodb');
const older = join(folder, 'older');
let mongo: RunningMongo;
let system: System;
let changed: MirroredListingServer;
let quiet: MirroredListingServer;
let detached: MirroredListingServer;
beforeAll(async () => {
  mongo = await startMongo({ dataDir: folder });
  const url = new URL(mongo.url);
  url.pathname = '/mirror';
  system = await startSystem({
    mongodbUrl: url.href,
    kafkaBrokers: testServers().kafkaBrokers,
    topicPrefix: `${freshName('restored')}.`,
    folder: join(folder, 'services'),
    environment: { poller: { REMOVAL_DELAY_SECONDS: '1', POLL_INTERVAL_MS: '200' } },
  });
  const mirror = (bucket: string) =>
    mirrorListingServer({ system }, bucket, { personality: 's3Connector', seed: fill });
  changed = await mirror('changed');
  quiet = await mirror('quiet');
  detached = await mirror('detached');
}, 180_000);
afterAll(async () => {
  await system?.stop();
  await mongo?.stop();
  await Promise.all([changed, quiet, detached].map((mirror) => mirror?.stop()));
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** A consistent copy, as a snapshot of the disk would be. */
async function copyData(): Promise<void> {
  const client = await MongoClient.connect(mongo.url);
  await client.db('admin').command({ fsync: 1, lock: true });
  await cp(dataDir, older, { recursive: true });
  await client.db('admin').command({ fsyncUnlock: 1 });
  await client.close();
}

async function restoreData(): Promise<void> {
  await mongo.kill();
  await rm(dataDir, { recursive: true });
  await rename(older, dataDir);
  await mongo.start();
}

async function detach(bucket: string): Promise<number> {
  const headers = { authorization: `Bearer ${system.adminToken}` };
  return (await fetch(`${system.urls.config}/v1/buckets/${bucket}`, { method: 'DELETE', headers })).status;
}
const isListed = async (bucket: string): Promise<boolean> => {
  const page = await system.api.get<{ items: { name: string }[] }>('/v1/buckets');
  return page?.items.some(({ name }) => name === bucket) === true;
};

it('is equal again without a hand, and what was said of locations and buckets since holds', async () => {
  await Promise.all([changed, quiet, detached].map((mirror) => mirror.waitUntilTrue()));
  await copyData();

  churn(changed.server.contents, 'before');
  await changed.waitUntilTrue();
  expect(await detach('detached')).toBe(204);
  await system.api.post('/v1/buckets', { name: 'again', locationConstraint: 'at-detached:ingest' });
  const again = await system.waitUntilLive('again');
  await system.api.post('/v1/buckets/quiet/pause', {});
  const { mirrorId } = await changed.status();
  // Said, and maybe applied, but not waited for.
  churn(changed.server.contents, 'at the last moment');
  await restoreData();
  churn(changed.server.contents, 'afterwards');

  await changed.waitUntilTrue(120_000);
  expect((await changed.status()).mirrorId).toBe(mirrorId);
  await waitFor(async () => !(await isListed('detached')), { what: 'the detached bucket to be gone', ...patience });
  await waitFor(() => isListed('again'), { what: 'the bucket made since to be there', ...patience });
  detached.server.contents.put('of the second life', { body: 'new' });
  const mirroredAgain = async () => (await system.status('again')).versions.mirrored === detached.truth().length;
  await waitFor(mirroredAgain, { what: 'the bucket made since to follow', ...patience });
  expect((await system.status('again')).mirrorId).toBe(again.mirrorId);
  const isPaused = async () => (await quiet.status()).state === 'paused';
  await waitFor(isPaused, { what: 'the pause to hold', ...patience });
  await system.api.post('/v1/buckets/quiet/resume', {});
  quiet.server.contents.put('after the restore', { body: 'new' });
  await quiet.waitUntilTrue();
  await changed.waitUntilTrue();
}, 300_000);

function fill(contents: VersionedBucket): void {
  for (let index = 0; index < 150; index += 1) contents.put(`object/${index}`, { body: `body ${index}` });
}

/** Puts, overwrites, delete markers and removals, other ones each time. */
function churn(contents: VersionedBucket, when: string): void {
  for (let index = 0; index < 20; index += 1) contents.put(`new/${when}/${index}`, { body: when });
  const keys = contents.keys().filter((key) => key.startsWith('object/'));
  for (const key of keys.slice(0, 8)) contents.put(key, { body: when });
  for (const key of keys.slice(8, 12)) contents.delete(key);
  for (const key of keys.slice(-6)) contents.remove(key, contents.find(key)?.versionId ?? '');
}
