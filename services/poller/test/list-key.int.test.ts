import { compareKeys } from '@mirror/namespace';
import { personalities } from '@mirror/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { listKey } from '../src/visit/list-key.js';
import { fillWithEverything, nameOf, type QuirkyBucket, quirkyBucket } from './quirky-bucket.js';

let quirky: QuirkyBucket;

afterEach(() => quirky?.stop());

describe('one key, listed by itself', () => {
  it.each(Object.keys(personalities) as (keyof typeof personalities)[])(
    'is all of its versions, newest first, or nothing at %s',
    async (personality) => {
      quirky = await quirkyBucket(personality, fillWithEverything);
      const { server, listPage } = quirky;
      const keys = [...server.contents.keys()].sort(compareKeys);
      let answered = 0;
      for (const key of keys) {
        const versions = await listKey(listPage, key);
        if (versions === null) continue;
        answered += 1;
        expect(versions.map(nameOf)).toEqual(server.contents.versionsOf(key).map(nameOf));
      }
      expect(answered).toBeGreaterThan(keys.length / 2);
      expect(server.listings).toHaveLength(keys.length);
    },
  );

  it('is not answered for a key of more versions than a page', async () => {
    quirky = await quirkyBucket('s3Connector', (bucket) => {
      for (let version = 0; version < 60; version += 1) bucket.put('hot', { body: `${version}` });
      for (let version = 0; version < 50; version += 1) bucket.put('warm', { body: `${version}` });
    });
    expect(await listKey(quirky.listPage, 'hot')).toBeNull();
    expect(await listKey(quirky.listPage, 'cold')).toEqual([]);
  });
});
