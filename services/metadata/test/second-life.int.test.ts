import { waitFor } from '@mirror/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { changed, command, TestMetadata } from './running-metadata.js';

let metadata: TestMetadata;
beforeAll(async () => {
  metadata = await TestMetadata.start();
});
afterAll(() => metadata?.stop());

const letterIds = async () => {
  const { body } = await metadata.get('dead-letters');
  return (body as { items: { id: string; mirrorId: string }[] }).items.map(({ id, mirrorId }) => `${mirrorId} ${id}`);
};
const late = (key: string) => changed('photos', 'first-life', key, { etag: 'of the first life' });
const tooOld = (mirrorId: string) => changed('photos', mirrorId, 'too old', {}, 15);

it('a bucket made again under its name is untouched by the events of its first life', async () => {
  await metadata.mirror('BucketMirrored', 'photos', 'first-life');
  await metadata.publish(late('a'), late('b'), tooOld('first-life'));
  await waitFor(async () => (await letterIds()).length === 1, { what: 'the first letter', timeoutMs: 30_000 });

  // On the topic, and not read yet, while the bucket is detached and made again on another target.
  await metadata.stopService();
  await metadata.send(late('a'), late('c'), tooOld('first-life'));
  await metadata.mirror('BucketDetached', 'photos', 'first-life');
  await metadata.mirror('BucketMirrored', 'photos', 'second-life');
  await metadata.send(changed('photos', 'second-life', 'a'), tooOld('second-life'));
  await metadata.startService();

  // And some come when the second life has long begun.
  await metadata.publish(changed('photos', 'second-life', 'b'), late('b'), late('d'), tooOld('first-life'));
  await metadata.command(command('RetryRequested', 'photos', 'first-life', null));
  await metadata.caughtUp();
  await waitFor(async () => !(await metadata.namespace.mirrorIds()).includes('first-life'), {
    what: 'the documents of the first life to be gone',
    timeoutMs: 30_000,
  });

  const documents = await metadata.documents('second-life');
  expect(documents.map(({ _id, etag, live }) => [_id.k, etag, live])).toEqual([
    ['a', 'abc', true],
    ['b', 'abc', true],
  ]);
  await waitFor(async () => (await letterIds()).length === 1, { what: 'the letters of the first life to be gone' });
  expect(await letterIds()).toEqual([expect.stringMatching(/^second-life /)]);
  expect(await metadata.db.collection('deadLetters').countDocuments({ mirrorId: 'first-life' })).toBe(0);
  expect(await metadata.db.collection('metadataCommands').countDocuments({ _id: 'first-life' as never })).toBe(0);
});
