import type { Namespace, OperationOutcome } from '@mirror/namespace';
import type { AnyBulkWriteOperation, Collection } from 'mongodb';
import { GroupCommit } from '../group-commit.js';
import type { Operation, PushAttempt } from './push-attempt.js';

const MAX_OPERATIONS = 256;

interface Begin {
  readonly operation: Operation;
  readonly attempt: PushAttempt | undefined;
}

interface Ended {
  readonly operation: Operation;
  readonly outcome: OperationOutcome;
}

/**
 * The two writes that every operation needs, each one for many operations with one acknowledgement. A write of many tells only
 * how many of them met their condition: where it was not all, the documents are read to see which. Done once more, a write
 * that had been applied is found there.
 */
export class OperationWrites {
  readonly #operations: Collection<Operation>;
  readonly #begin = new GroupCommit((all: readonly Begin[]) => this.#beginAll(all), MAX_OPERATIONS);
  readonly #end = new GroupCommit((all: readonly Ended[]) => this.#endAll(all), MAX_OPERATIONS);

  constructor(namespace: Namespace) {
    this.#operations = namespace.pendingOperations as unknown as Collection<Operation>; // `attempt` is this service's own
  }

  /** From now on it cannot be cancelled. False: it was, or another holder has been here. */
  begin(operation: Operation, attempt?: PushAttempt): Promise<boolean> {
    return this.#begin.run({ operation, attempt });
  }

  /** Before it is said to anybody. False: another holder stored another one, or it is recorded already. */
  storeOutcome(operation: Operation, outcome: OperationOutcome): Promise<boolean> {
    return this.#end.run({ operation, outcome });
  }

  #beginAll(all: readonly Begin[]): Promise<boolean[]> {
    const write = ({ operation, attempt }: Begin) => ({
      updateOne: {
        filter: asRead(operation),
        update: { $set: { begun: true as const, ...(attempt && { attempt }) } },
      },
    });
    return this.#write(all, write, hasBegun);
  }

  #endAll(all: readonly Ended[]): Promise<boolean[]> {
    const write = ({ operation: { _id, attempt }, outcome }: Ended) => ({
      updateOne: {
        filter: { _id, outcome: { $exists: false }, ...(attempt && { 'attempt.id': attempt.id }) },
        update: { $set: { outcome }, $unset: { failed: true as const } },
      },
    });
    return this.#write(all, write, hasEnded);
  }

  async #write<T extends { readonly operation: Operation }>(
    all: readonly T[],
    write: (one: T) => AnyBulkWriteOperation<Operation>,
    isApplied: (one: T, now: Operation) => boolean,
  ): Promise<boolean[]> {
    const { matchedCount } = await this.#operations.bulkWrite(all.map(write), { ordered: false });
    if (matchedCount === all.length) return all.map(() => true);
    const ids = all.map(({ operation }) => operation._id);
    const found = await this.#operations.find({ _id: { $in: ids } }).toArray();
    const now = new Map(found.map((operation) => [operation._id, operation]));
    return all.map((one) => {
      const operation = now.get(one.operation._id);
      return operation !== undefined && isApplied(one, operation);
    });
  }
}

/** Nobody has begun, ended or cancelled it since. */
function asRead({ _id, attempt }: Operation) {
  const unchanged = attempt ? { 'attempt.id': attempt.id } : { attempt: { $exists: false } };
  return { _id, outcome: { $exists: false }, failed: { $exists: false }, ...unchanged };
}

/** The id of an attempt is its own. Without one it is the same whoever began it, as long as nothing else became of it. */
function hasBegun({ operation, attempt = operation.attempt }: Begin, now: Operation): boolean {
  if (now.begun !== true || now.attempt?.id !== attempt?.id) return false;
  return now.outcome === undefined && now.failed === undefined;
}

/** The same, from whomever it is: it is stored. */
function hasEnded({ outcome }: Ended, { outcome: stored }: Operation): boolean {
  if (outcome.kind === 'discarded' || stored?.kind !== 'done') return outcome.kind === stored?.kind;
  return outcome.versionId === stored.versionId;
}
