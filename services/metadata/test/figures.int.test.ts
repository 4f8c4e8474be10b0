import { applyWrites } from '@mirror/namespace';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decideWrite } from '../src/decide-write.js';
import { changed, TestMetadata } from './running-metadata.js';

const TOMBSTONE_SECONDS = 14 * 86_400;

let metadata: TestMetadata;
beforeAll(async () => {
  metadata = await TestMetadata.start();
});
afterAll(() => metadata?.stop());

const mirrored = async () => {
  const { body } = await metadata.get('mirrors/m1/figures');
  return (body as { versions: { mirrored: number; bytes: number; deleteMarkers: number } }).versions;
};

it('figures are right after a crash between the write and the count', async () => {
  for (const a of ['', 'h']) {
    await metadata.namespace.segments.insertOne({ _id: { m: 'm1', a }, writes: 0, figures: null } as never);
  }
  await metadata.mirror('BucketMirrored', 'photos', 'm1');
  await metadata.publish(changed('photos', 'm1', 'a'), changed('photos', 'm1', 'k'));
  expect(await mirrored()).toMatchObject({ mirrored: 2, bytes: 6 });

  // What a process does before it dies: the documents, and neither counter, nor position, nor offset.
  await metadata.stopService();
  const events = [
    changed('photos', 'm1', 'b', { size: 10 }),
    changed('photos', 'm1', 'l', { kind: 'deleteMarker', size: 0 }),
    changed('photos', 'm1', 'a', { size: 4, etag: 'other' }),
    changed('photos', 'm1', 'k', { kind: 'removal' }),
  ];
  const decided = events.map(({ data }) => decideWrite(data, Number(BigInt(data.endedAt) >> 32n), TOMBSTONE_SECONDS));
  const writes = decided.flatMap((decision) => (decision.kind === 'write' ? [decision.write] : []));
  const { inserted, changed: updated } = await applyWrites(metadata.namespace.versions('m1'), writes, false);
  expect([inserted, updated]).toEqual([2, 2]);
  const documents = await metadata.documents('m1');

  await metadata.startService();
  expect(await mirrored()).toMatchObject({ mirrored: 2, bytes: 6 }); // the crash left the count behind
  await metadata.publish(...events); // not committed: it comes again
  expect(await metadata.documents('m1')).toEqual(documents);
  expect(await mirrored()).toEqual({ mirrored: 3, currentObjects: 2, deleteMarkers: 1, bytes: 14 });
});
