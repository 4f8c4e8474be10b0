import { PutObjectCommand } from '@aws-sdk/client-s3';
import { findVersion } from '@mirror/namespace';
import { waitFor } from '@mirror/testing';
import type { Document } from 'mongodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestReplication } from './running-replication.js';

let replication: TestReplication;
beforeAll(async () => {
  replication = await TestReplication.start();
});
afterAll(() => replication.stop());

type Backup = ReadonlyMap<string, Document[]>;

async function backUp(): Promise<Backup> {
  const { db } = replication.database;
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
  const contents = names.map(
    async (name) => [name, await db.collection(name).find({}, { promoteValues: false }).toArray()] as const,
  );
  return new Map(await Promise.all(contents));
}

/** What was written since is gone, in collections that were made since as well. */
async function restore(backup: Backup): Promise<void> {
  const { db } = replication.database;
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) {
    await db.collection(name).deleteMany({});
    const documents = backup.get(name) ?? [];
    if (documents.length > 0) await db.collection(name).insertMany(documents);
  }
}

const consumed = () => waitFor(() => replication.uploadsConsumed(), { what: 'the uploads to be consumed' });

it('a database that was restored loses no upload, pushes none twice, and clients’ version ids stay valid', async () => {
  const kept = await replication.client.put('kept', 'before');
  await replication.settled();
  await replication.sayMirror('MirrorPaused');
  const waiting = await replication.client.put('waiting', 'at the time of the backup');
  await consumed();
  const backup = await backUp();

  await replication.sayMirror('MirrorResumed');
  const overwritten = await replication.client.put('kept', 'after');
  const done = await replication.client.put('done', 'since');
  const tagged = await replication.client.tag('kept', kept.what.versionId, { colour: 'blue' });
  await replication.settled();
  await replication.sayMirror('MirrorPaused');
  const accepted = await replication.client.put('accepted', 'and not pushed yet');
  const marker = await replication.client.delete('accepted');
  const unsaid = await replication.client.put('unsaid', 'pushed, and nobody said so');
  await consumed();
  await replication.stopService();
  const body = { Bucket: replication.target.bucket, Key: 'unsaid', Body: 'pushed, and nobody said so' };
  await replication.target.s3.send(new PutObjectCommand({ ...body, ContentType: 'text/plain' }));

  await restore(backup);
  expect(await replication.pending()).toBe(1);
  await replication.startService();
  await waitFor(async () => (await replication.pending({ outcome: { $exists: false } })) === 3, {
    what: 'the rebuild',
  });
  await replication.sayMirror('MirrorResumed');
  await replication.settled(30_000);

  const listed = (await replication.listed()).map(({ key, kind }) => `${key} ${kind}`).sort();
  expect(listed).toEqual(
    [
      'accepted deleteMarker',
      'accepted version',
      'done version',
      'kept version',
      'kept version',
      'unsaid version',
      'waiting version',
    ].sort(),
  );
  const versions = replication.namespace.versions(replication.mirrorId);
  for (const { key, what } of [kept, waiting, overwritten, done, accepted, marker, unsaid]) {
    expect(await findVersion(versions, key, what.versionId), `${key} ${what.kind}`).not.toBeNull();
  }
  expect((await findVersion(versions, 'kept', tagged.what.versionId))?.description?.tags).toEqual([['colour', 'blue']]);
  expect((await replication.read('kept')).bytes.toString()).toBe('after');
  await waitFor(async () => (await replication.stagedFiles()).length === 0, { what: 'the staged bytes to go' });
  const next = await replication.client.put('kept', 'the next one');
  expect(next.sequence).toBe(tagged.sequence + 1);
});
