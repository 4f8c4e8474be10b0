import {
  type Namespace,
  type OperationFailure,
  type OperationOutcome,
  type ResolvedVersion,
  resolveVersion,
} from '@mirror/namespace';
import type { Collection, Filter, UpdateFilter } from 'mongodb';
import type { Operation, PushAttempt } from './push-attempt.js';

/** Operations of a key that are read at once; later ones come when these are done. */
const MAX_OF_KEY = 100;

/**
 * What is written about pending operations. Every write is a compare-and-set: on the outcome, which is stored once, and on
 * the attempt's id, so that a holder that lost its lease without knowing changes nothing of its successor's.
 */
export class PushStore {
  readonly #operations: Collection<Operation>;

  constructor(private readonly namespace: Namespace) {
    this.#operations = namespace.pendingOperations as unknown as Collection<Operation>; // `attempt` is this service's own
  }

  /** Of a key, in their order; those with an outcome that is not yet recorded, too. */
  async operationsOf(mirrorId: string, key: string): Promise<Operation[]> {
    const first = await this.#find({ mirrorId, key });
    if (first.length < MAX_OF_KEY || first.some(({ outcome }) => !outcome)) return first;
    // Nobody records outcomes at the moment: what comes after them is pushed nevertheless.
    return [...first, ...(await this.#find({ mirrorId, key, outcome: { $exists: false } }))];
  }

  /** The connector's id of a version that is not among the key's operations. */
  resolve(mirrorId: string, key: string, versionId: string): Promise<ResolvedVersion> {
    return resolveVersion(this.namespace.versions(mirrorId), key, versionId);
  }

  /**
   * The connector's version ids of a key that are known and not older than that. Only the newest are looked at: a key does
   * not get more versions than that within a second. Also whether the key has a version from before versioning.
   */
  async knownVersions(mirrorId: string, key: string, notBefore: Date): Promise<{ ids: string[]; hasNull: boolean }> {
    const versions = this.namespace.versions(mirrorId);
    const [newest, nullVersion] = await Promise.all([
      versions
        .find({ live: true, '_id.k': key, pending: { $exists: false } })
        .project<{ _id: { v: string }; lastModified: Date }>({ lastModified: 1 })
        .sort({ place: 1 })
        .limit(200)
        .toArray(),
      versions.findOne({ _id: { k: key, v: 'null' }, live: true }, { projection: { _id: 1 } }),
    ]);
    const from = Math.floor(notBefore.getTime() / 1000) * 1000;
    const ids = newest.filter(({ lastModified }) => lastModified.getTime() >= from).map(({ _id }) => _id.v);
    return { ids, hasNull: nullVersion !== null };
  }

  /** From now on it cannot be cancelled. False: it was, or another holder has been here. */
  async begin(operation: Operation, attempt?: PushAttempt): Promise<boolean> {
    const update = { $set: { begun: true as const, ...(attempt && { attempt }) } };
    return (await this.#operations.updateOne(asRead(operation), update)).matchedCount === 1;
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

  /** Before it is said to anybody. False: another holder stored one, or it is recorded already. */
  async storeOutcome({ _id, attempt }: Operation, outcome: OperationOutcome): Promise<boolean> {
    const filter = { _id, outcome: { $exists: false }, ...(attempt && { 'attempt.id': attempt.id }) };
    const stored = await this.#operations.updateOne(filter, { $set: { outcome }, $unset: { failed: true } });
    return stored.matchedCount === 1;
  }

  async fail({ _id }: Operation, failure: Omit<OperationFailure, 'at'>): Promise<boolean> {
    const filter = { _id, outcome: { $exists: false }, failed: { $exists: false } };
    const update = [{ $set: { failed: { ...literal(failure), at: '$$NOW' } } }];
    return (await this.#operations.updateOne(filter, update)).matchedCount === 1;
  }

  #find(filter: Filter<Operation>): Promise<Operation[]> {
    return this.#operations.find(filter, { sort: { sequence: 1 }, limit: MAX_OF_KEY }).toArray();
  }

  async #updateAttempt(_id: string, attemptId: string, update: UpdateFilter<Operation>): Promise<boolean> {
    const filter = { _id, 'attempt.id': attemptId, outcome: { $exists: false } };
    return (await this.#operations.updateOne(filter, update)).matchedCount === 1;
  }
}

/** Nobody has begun, ended or cancelled it since. */
function asRead({ _id, attempt }: Operation) {
  const unchanged = attempt ? { 'attempt.id': attempt.id } : { attempt: { $exists: false } };
  return { _id, outcome: { $exists: false }, failed: { $exists: false }, ...unchanged };
}

/** In a pipeline a text that begins with a dollar would be read as a field. */
const literal = (fields: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { $literal: value }]));
