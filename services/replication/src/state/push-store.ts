import {
  type Namespace,
  type OperationFailure,
  type OperationOutcome,
  type ResolvedVersion,
  resolveVersion,
} from '@mirror/namespace';
import type { Collection, UpdateFilter } from 'mongodb';
import { KeyReads, type KnownVersions } from './key-reads.js';
import { OperationWrites } from './operation-writes.js';
import type { Operation, PushAttempt } from './push-attempt.js';

/**
 * What is written about pending operations. Every write is a compare-and-set: on the outcome, which is stored once, and on
 * the attempt's id, so that a holder that lost its lease without knowing changes nothing of its successor's.
 */
export class PushStore {
  readonly #operations: Collection<Operation>;
  readonly #reads: KeyReads;
  readonly #writes: OperationWrites;

  constructor(private readonly namespace: Namespace) {
    this.#reads = new KeyReads(namespace);
    this.#writes = new OperationWrites(namespace);
    this.#operations = namespace.pendingOperations as unknown as Collection<Operation>; // `attempt` is this service's own
  }

  /** Of a key, in their order; those with an outcome that is not yet recorded, too. */
  operationsOf(mirrorId: string, key: string): Promise<readonly Operation[]> {
    return this.#reads.operationsOf(mirrorId, key);
  }

  /** The connector's id of a version that is not among the key's operations. */
  resolve(mirrorId: string, key: string, versionId: string): Promise<ResolvedVersion> {
    return resolveVersion(this.namespace.versions(mirrorId), key, versionId);
  }

  /** The connector's version ids of a key that are known and perhaps not older than that, and whether one is from before versioning. */
  knownVersions(mirrorId: string, key: string, notBefore: Date): Promise<KnownVersions> {
    return this.#reads.knownVersions(mirrorId, key, notBefore);
  }

  /** From now on it cannot be cancelled. False: it was, or another holder has been here. */
  begin(operation: Operation, attempt?: PushAttempt): Promise<boolean> {
    return this.#writes.begin(operation, attempt);
  }

  async setUpload({ _id }: Operation, attemptId: string, uploadId: string): Promise<boolean> {
    return this.#updateAttempt(_id, attemptId, { $set: { 'attempt.uploadId': uploadId } });
  }

  async setCompleting({ _id }: Operation, attemptId: string): Promise<boolean> {
    return this.#updateAttempt(_id, attemptId, { $set: { 'attempt.completing': true } });
  }

  /** No version has come of its upload's completion: it can be completed again. */
  async goOnWithUpload({ _id }: Operation, attemptId: string): Promise<void> {
    await this.#updateAttempt(_id, attemptId, { $unset: { 'attempt.completing': true, 'attempt.endedAt': true } });
  }

  /** It surely left nothing at the connector. */
  async forgetAttempt({ _id }: Operation, attemptId: string): Promise<void> {
    await this.#updateAttempt(_id, attemptId, { $unset: { attempt: true } });
  }

  /** Milliseconds since it ended without an answer, by the database's clock; undefined: another one is there now. */
  async sinceEnd({ _id }: Operation, attemptId: string): Promise<number | undefined> {
    const stamps = { 'attempt.endedAt': { $ifNull: ['$attempt.endedAt', '$$NOW'] }, 'attempt.lookedAt': '$$NOW' };
    const filter = { _id, 'attempt.id': attemptId, outcome: { $exists: false } };
    const updated = await this.#operations.findOneAndUpdate(filter, [{ $set: stamps }], { returnDocument: 'after' });
    const { endedAt, lookedAt } = updated?.attempt ?? {};
    return endedAt && lookedAt ? lookedAt.getTime() - endedAt.getTime() : undefined;
  }

  /** Before it is said to anybody. False: another holder stored another one, or it is recorded already. */
  storeOutcome(operation: Operation, outcome: OperationOutcome): Promise<boolean> {
    return this.#writes.storeOutcome(operation, outcome);
  }

  async fail({ _id }: Operation, failure: Omit<OperationFailure, 'at'>): Promise<boolean> {
    const filter = { _id, outcome: { $exists: false }, failed: { $exists: false } };
    const update = [{ $set: { failed: { ...literal(failure), at: '$$NOW' } } }];
    return (await this.#operations.updateOne(filter, update)).matchedCount === 1;
  }

  async #updateAttempt(_id: string, attemptId: string, update: UpdateFilter<Operation>): Promise<boolean> {
    const filter = { _id, 'attempt.id': attemptId, outcome: { $exists: false } };
    return (await this.#operations.updateOne(filter, update)).matchedCount === 1;
  }
}

/** In a pipeline a text that begins with a dollar would be read as a field. */
const literal = (fields: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { $literal: value }]));
