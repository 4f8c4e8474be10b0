import { randomUUID } from 'node:crypto';
import { Namespace } from '@mirror/namespace';
import {
  type FreshDatabase,
  freshDatabase,
  type ListingServer,
  personalities,
  seededRandom,
  startListingServer,
  type VersionedBucket,
  waitFor,
} from '@mirror/testing';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPolling } from './polling.js';

let database: FreshDatabase;
let mongo: MongoClient;

beforeAll(async () => {
  database = await freshDatabase('parallel-kinds');
  mongo = await MongoClient.connect(database.url);
});
afterAll(async () => {
  await mongo.close();
  await database.drop();
});

/** Folders before, beside and after which endpoints disagree about the order, with enough in each to be split. */
const folders = ['a', 'names/Ａ', 'names/\uE000', 'names/\u{1F600}', 'names/\u{1F601}', 'z'];

function fill(bucket: VersionedBucket): void {
  const random = seededRandom(5);
  for (let index = 0; index < 9_000; index += 1) {
    const folder = folders[index % folders.length];
    bucket.put(`${folder}/${Math.floor(random() * 36 ** 6).toString(36)}`, { body: '' });
  }
  for (let index = 0; index < 1_300; index += 1) bucket.put('names/Ａ/hot', { body: '' });
}

const truth = ({ contents }: ListingServer): string[] =>
  contents.keys().flatMap((key) => contents.versionsOf(key).map(({ versionId }) => `${key} ${versionId}`));

describe('the first snapshot in many ranges at once', () => {
  it.each(Object.keys(personalities) as (keyof typeof personalities)[])(
    'finds each version once at %s',
    async (personality) => {
      const mirrorId = randomUUID();
      const server = await startListingServer({ personality, seed: fill, faults: { latencyMs: 20 } });
      const hidesAstral = personality === 's3ConnectorOmitting';
      const markers = personality === 'minio' ? 'opaque' : 'keys';
      const ordersByUnits = personality === 's3ConnectorUtf16';
      const polling = await startPolling(mongo, server, {
        mirrorId,
        visitsAtOnce: 8,
        hidesAstral,
        markers,
        ordersByUnits,
      });
      const { segments } = new Namespace(mongo.db());
      const isListed = async () =>
        (await segments.countDocuments({ '_id.m': mirrorId })) > 1 &&
        (await segments.countDocuments({ '_id.m': mirrorId, open: true })) === 0;
      await waitFor(isListed, { what: 'every range to be listed', timeoutMs: 30_000 });
      await polling.stop();
      const found = polling.changes.map(({ key, versionId }) => `${key} ${versionId}`);
      expect(found.toSorted()).toEqual(truth(server).toSorted());
      await server.stop();
    },
  );
});
