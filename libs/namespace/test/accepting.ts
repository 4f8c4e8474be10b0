import { randomUUID } from 'node:crypto';
import type { ReplicationCompleted } from '@mirror/events';
import {
  type Accepted,
  type AcceptRequest,
  acceptOperation,
  applyWrites,
  fromTimestamp,
  Namespace,
  type OperationWhat,
  type PendingOperation,
  readLogicalClock,
  toTimestamp,
  type VersionDocument,
} from '../src/index.js';

/** A client's operations on one mirror, and what became of them at the connector. */
export class Client {
  #ids = 0;

  private constructor(
    readonly namespace: Namespace,
    readonly mirrorId: string,
  ) {}

  static async of(namespace: Namespace, mirrorId: string): Promise<Client> {
    await namespace.prepareUploads();
    await namespace.prepareMirror(mirrorId);
    return new Client(namespace, mirrorId);
  }

  get versions() {
    return this.namespace.versions(this.mirrorId);
  }

  async accept(key: string, request: Pick<AcceptRequest, 'decide' | 'versionId' | 'describedAs'>): Promise<Accepted> {
    const session = this.namespace.db.client.startSession();
    const operation = { operationId: randomUUID(), mirrorId: this.mirrorId, bucket: 'photos', key };
    try {
      return await session.withTransaction(
        () => acceptOperation(session, this.namespace, { ...operation, ...request }),
        { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } },
      );
    } finally {
      await session.endSession();
    }
  }

  async put(key: string, text: string, judge: (latest: VersionDocument | null) => void = () => {}) {
    const versionId = `client-${text}`;
    return this.#operation(key, (latest) => {
      judge(latest);
      return putOf(versionId, text);
    });
  }

  deleteLatest(key: string) {
    this.#ids += 1;
    return this.#operation(key, () => ({ kind: 'deleteMarker', versionId: `marker-${this.#ids}` }));
  }

  async deleteVersion(key: string, versionId: string): Promise<Accepted> {
    return this.accept(key, {
      versionId,
      decide: (_latest, _sequence, target) => {
        if (target === null) throw new Error('no such version');
        const { etag, lastModified, kind } = target;
        return { kind: 'deleteVersion', versionId, target: kind, etag, lastModified };
      },
    });
  }

  async tag(key: string, versionId: string, tags: Record<string, string>): Promise<PendingOperation> {
    const decide = (): OperationWhat => ({ kind: 'tag', versionId, tags: Object.entries(tags) });
    return (await this.accept(key, { versionId, decide })).operation;
  }

  async #operation(key: string, decide: AcceptRequest['decide']): Promise<PendingOperation> {
    return (await this.accept(key, { decide })).operation;
  }

  /** The poller lists a version, and metadata applies it. */
  async listed(key: string, versionId: string, facts: Partial<VersionDocument> = {}): Promise<void> {
    const startedAt = toTimestamp(await readLogicalClock(this.namespace.db));
    await applyWrites(
      this.versions,
      [
        {
          kind: 'put',
          id: { k: key, v: versionId },
          facts: { ...connectorFacts, ...facts },
          observed: { startedAt, endedAt: await this.#later() },
          described: null,
        },
      ],
      false,
    );
  }

  async removed(key: string, versionId: string): Promise<void> {
    const startedAt = toTimestamp(await readLogicalClock(this.namespace.db));
    const observed = { startedAt, endedAt: await this.#later() };
    const id = { k: key, v: versionId };
    await applyWrites(this.versions, [{ kind: 'remove', id, facts: connectorFacts, observed }], false);
  }

  /** HEAD says this of a version. */
  async described(key: string, versionId: string, tags: Record<string, string>, etag = 'connector'): Promise<void> {
    const described = {
      description: { contentType: 'text/connector', headers: [], metadata: [], tags: Object.entries(tags) },
      describedFrom: toTimestamp(await readLogicalClock(this.namespace.db)),
      describedAt: await this.#later(),
    };
    await applyWrites(this.versions, [{ kind: 'describe', id: { k: key, v: versionId }, etag, described }], false);
  }

  /** A reading of the clock after at least one more write. */
  async #later() {
    await this.namespace.db
      .collection<{ _id: string }>('ticks')
      .updateOne({ _id: 'tick' }, { $inc: { n: 1 } }, { upsert: true });
    return toTimestamp(await readLogicalClock(this.namespace.db));
  }
}

const connectorFacts = {
  kind: 'version',
  place: 0,
  size: 9,
  etag: 'connector',
  lastModified: new Date('2026-01-02T03:04:05.678Z'),
  storageClass: 'STANDARD',
} as const;

export function putOf(versionId: string, text: string): OperationWhat {
  const description = { contentType: 'text/client', headers: [], metadata: [['text', text]], tags: [] } as const;
  const parts = [{ stagedId: `staged-${text}`, size: text.length, md5: 'd41d8cd98f00b204e9800998ecf8427e' }];
  return {
    kind: 'put',
    versionId,
    size: text.length,
    etag: `etag-${text}`,
    content: { form: 'single', parts },
    description,
  };
}

/** What the replication service says when an operation is done. */
export function doneAs(operation: PendingOperation, versionId: string | null): ReplicationCompleted {
  return { ...completedOf(operation), versionId, outcome: 'done' };
}

export function discarded(operation: PendingOperation): ReplicationCompleted {
  return { ...completedOf(operation), versionId: null, outcome: 'discarded' };
}

function completedOf({ _id: operationId, mirrorId, bucket, key, sequence, what }: PendingOperation) {
  return { mirrorId, bucket, key, sequence, operationId, kind: what.kind, clientVersionId: what.versionId };
}

/** Every document of the mirror, times as text, for comparisons. */
export async function allDocuments(client: Client): Promise<unknown[]> {
  const documents = await client.versions.find({}, { sort: { _id: 1 } }).toArray();
  return documents.map((one) => ({ ...one, listedAt: fromTimestamp(one.listedAt) }));
}
