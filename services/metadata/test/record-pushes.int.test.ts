import { randomUUID } from 'node:crypto';
import { type CloudEvent, type ReplicationCompleted, topics } from '@mirror/events';
import type { BatchContext } from '@mirror/kafka';
import {
  acceptOperation,
  advancePosition,
  findVersion,
  type OperationWhat,
  type PendingOperation,
} from '@mirror/namespace';
import { waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PushRecorder } from '../src/consume-replication.js';
import type { CurrentMirrors } from '../src/current-mirrors.js';
import { changed, command, event, TestMetadata } from './running-metadata.js';

let metadata: TestMetadata;
beforeAll(async () => {
  metadata = await TestMetadata.start();
  await metadata.mirror('BucketMirrored', 'photos', 'm1');
  await metadata.publish(changed('photos', 'm1', 'first'));
});
afterAll(() => metadata?.stop());

async function accept(mirrorId: string, key: string, versionId: string): Promise<PendingOperation> {
  const { namespace, db } = metadata;
  const what: OperationWhat = {
    kind: 'put',
    versionId,
    size: 3,
    etag: 'abc',
    content: { form: 'single', parts: [{ stagedId: 's', size: 3, md5: '900150983cd24fb0d6963f7d28e17f72' }] },
    description: { contentType: 'text/client', headers: [], metadata: [], tags: [] },
  };
  const request = { operationId: randomUUID(), mirrorId, bucket: 'photos', key, decide: () => what };
  await using session = db.client.startSession();
  const options = { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } } as const;
  const accepted = await session.withTransaction(() => acceptOperation(session, namespace, request), options);
  return accepted.operation;
}

function completed(operation: PendingOperation, versionId: string): CloudEvent {
  const { _id: operationId, mirrorId, bucket, key, sequence, what } = operation;
  const said = { mirrorId, bucket, key, sequence, operationId };
  const data: ReplicationCompleted = {
    ...said,
    kind: what.kind,
    clientVersionId: what.versionId,
    versionId,
    outcome: 'done',
  };
  return event('ReplicationCompleted', `${bucket}/${key}`, data);
}

const versions = () => metadata.namespace.versions('m1');

describe('a push that is completed', () => {
  it('turns the pending version into the connector’s, in the order of the key, and voids the confirmation', async () => {
    const id = { m: 'm1', a: '' };
    await metadata.namespace.segments.insertOne({ _id: id, writes: 0, figures: null, hash: 'confirmed' } as never);
    const operations = [await accept('m1', 'a', 'p1'), await accept('m1', 'a', 'p2'), await accept('m1', 'b', 'p3')];
    await metadata.replicated(...operations.map((one, index) => completed(one, `c${index + 1}`)));
    const newest = await versions()
      .find({ '_id.k': 'a' }, { sort: { place: 1 } })
      .toArray();
    expect(newest.map(({ _id, aliases }) => [_id.v, aliases])).toEqual([
      ['c2', ['p2']],
      ['c1', ['p1']],
    ]);
    expect(await findVersion(versions(), 'b', 'p3')).toMatchObject({ _id: { v: 'c3' } });
    expect(await metadata.namespace.pendingOperations.countDocuments()).toBe(0);
    expect(await metadata.namespace.segments.findOne({ _id: id })).toMatchObject({ hash: null });
  });

  it('is recorded together with those of other keys; several of one key in their order', async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `many/${index}`);
    const operations = [];
    for (const key of [...keys, 'many/0', 'many/7']) operations.push(await accept('m1', key, `p-${operations.length}`));
    const mirrors = { currentOf: async () => new Set(['m1']) } as unknown as CurrentMirrors;
    const recorder = new PushRecorder(metadata.namespace, mirrors, 'many');
    const said = operations.map((one, index) => completed(one, `c-${index}`).data as ReplicationCompleted);
    await recorder.record(said);
    const recorded = await versions()
      .find({ '_id.k': /^many/ }, { sort: { '_id.k': 1, place: 1 } })
      .toArray();
    const named = recorded.map(({ _id, aliases = [] }) => `${_id.k} ${_id.v} ${aliases.join()}`);
    const expected = operations.map(({ key }, index) => `${key} c-${index} p-${index}`);
    expect(named.toSorted()).toEqual(expected.toSorted());
    expect(recorded.filter(({ _id }) => _id.k === 'many/7').map(({ _id }) => _id.v)).toEqual(['c-21', 'c-7']);
    expect(await metadata.namespace.pendingOperations.countDocuments()).toBe(0);
  });

  it('of another life is not recorded', async () => {
    const operation = await accept('m0', 'a', 'p1');
    await metadata.replicated(completed(operation, 'c9'));
    expect(await metadata.namespace.versions('m0').find().toArray()).toMatchObject([{ _id: { v: 'p1' } }]);
  });

  it('is kept among the failures where the database refuses it, and recorded when it is retried', async () => {
    const operation = await accept('m1', 'devil', 'p6');
    const validator = (rule: object) => metadata.db.command({ collMod: 'versions.m1', validator: rule });
    await validator({ '_id.v': { $ne: 'c6' } });
    const fine = await accept('m1', 'fine', 'p7');
    await metadata.replicated(completed(operation, 'c6'), completed(fine, 'c7'));
    expect(await findVersion(versions(), 'fine', 'c7')).not.toBeNull();
    const letters = async () => ((await metadata.get('dead-letters?mirrorId=m1')).body as { items: object[] }).items;
    await waitFor(async () => (await letters()).length === 1, { what: 'the letter' });
    expect(await letters()).toMatchObject([{ key: 'devil', code: 'CHANGE.REFUSED_BY_DATABASE' }]);
    await validator({});
    await metadata.command(command('RetryRequested', 'photos', 'm1', null));
    expect(await letters()).toEqual([]);
    expect(await findVersion(versions(), 'devil', 'p6')).toMatchObject({ _id: { v: 'c6' } });
  });

  it('waits where the database was set back behind the committed offsets, until the gap is mended', async () => {
    const operation = await accept('m1', 'gap', 'p8');
    const { positions } = metadata.namespace;
    const mirrors = { currentOf: async () => new Set(['m1']) } as unknown as CurrentMirrors;
    const recorder = new PushRecorder(metadata.namespace, mirrors, 'gap');
    const events = [{ event: completed(operation, 'c8'), offset: '10' }];
    const batch = { topic: topics.replication, partition: 0, events, firstOffset: '10', nextOffset: '11' };
    const apply = () => recorder.apply(batch, { heartbeat: async () => {} } as BatchContext);
    await advancePosition(positions, 'gap', 0, '7');
    await expect(apply()).rejects.toMatchObject({ name: 'TransientError', code: 'POSITION.BEHIND' });
    expect(await findVersion(versions(), 'gap', 'c8')).toBeNull();
    expect(await positions.findOne({ _id: 'gap' })).toMatchObject({ next: { 0: 7 } });
    await advancePosition(positions, 'gap', 0, '10');
    await apply();
    expect(await findVersion(versions(), 'gap', 'c8')).not.toBeNull();
  });

  it('changes nothing when the whole topic is replayed from its start', async () => {
    await metadata.publish(changed('photos', 'm1', 'b', { versionId: 'c3', kind: 'removal' }));
    const before = await metadata.documents('m1');
    await metadata.replayEverything();
    expect(await metadata.documents('m1')).toEqual(before);
  });
});

it('what a detached mirror had pending goes with it', async () => {
  await accept('m1', 'late', 'p4');
  await metadata.mirror('BucketDetached', 'photos', 'm1');
  const { pendingOperations, keySequences } = metadata.namespace;
  const rest = () => Promise.all([pendingOperations, keySequences].map((one) => one.countDocuments()));
  await waitFor(async () => (await rest()).every((count) => count === 0), { what: 'them to go', timeoutMs: 30_000 });
  await expect(accept('m1', 'late', 'p5')).rejects.toMatchObject({ code: 'MIRROR.CLOSED' });
});
