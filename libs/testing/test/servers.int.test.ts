import { ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { type FreshBucket, type FreshDatabase, freshBucket, freshDatabase, testServers } from '../src/index.js';

test('the servers run as was asked for', () => {
  const { TEST_SERVERS: asked } = process.env;
  if (asked) expect(testServers().way).toBe(asked);
});

const drops: Array<() => Promise<void>> = [];
afterAll(() => Promise.all(drops.map((drop) => drop())));

function dropLater<T extends FreshBucket | FreshDatabase>(thing: T): T {
  drops.push(thing.drop);
  return thing;
}

test('a fresh database takes a transaction', async () => {
  const { db } = dropLater(await freshDatabase());
  await db.createCollection('things');
  await db.client.withSession((session) =>
    session.withTransaction(() => db.collection('things').insertOne({ a: 1 }, { session })),
  );
  expect(await db.collection('things').countDocuments()).toBe(1);
});

test('a fresh bucket keeps versions unless told otherwise', async () => {
  for (const [versioning, count] of [['Enabled', 2] as const, ['none', 1] as const]) {
    const { bucket, s3 } = dropLater(await freshBucket({ versioning }));
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'a', Body: '1' }));
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'a', Body: '2' }));
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(listed.Versions).toHaveLength(count);
  }
});

test('a bucket is dropped with all its versions', async () => {
  const { bucket, s3, drop } = await freshBucket();
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'a', Body: '1' }));
  await expect(drop()).resolves.toBeUndefined();
});
