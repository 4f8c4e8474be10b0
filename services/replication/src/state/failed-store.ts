import type { Namespace, OperationFailure } from '@mirror/namespace';
import type { Collection } from 'mongodb';
import type { Operation } from './push-attempt.js';

export type FailedOperation = Operation & { readonly failed: OperationFailure };

/** Operations that wait for an operator. */
export class FailedStore {
  readonly #operations: Collection<Operation>;

  constructor(namespace: Namespace) {
    this.#operations = namespace.pendingOperations as unknown as Collection<Operation>; // `attempt` is this service's own
  }

  /** By id, one more than asked for where there are more. @param mirrorId Only those of this mirror. */
  async page(limit: number, after?: string, mirrorId?: string): Promise<FailedOperation[]> {
    const filter = { ...isFailed, ...(mirrorId && { mirrorId }), ...(after && { _id: { $gt: after } }) };
    const found = await this.#operations.find(filter, { sort: { _id: 1 }, limit: limit + 1 }).toArray();
    return found.filter(hasFailed);
  }

  async find(id: string): Promise<FailedOperation | undefined> {
    const found = await this.#operations.findOne({ _id: id, ...isFailed });
    return found && hasFailed(found) ? found : undefined;
  }

  /** How many operations of its key wait behind it. */
  waitingBehind({ mirrorId, key, sequence }: Operation): Promise<number> {
    return this.#operations.countDocuments({ mirrorId, key, sequence: { $gt: sequence } });
  }

  /** Those of a mirror that a command means; null: every one. In pages, by id. */
  async *meant(mirrorId: string, ids: readonly string[] | null): AsyncGenerator<FailedOperation> {
    const named = ids === null ? {} : { _id: { $in: [...ids] } };
    for await (const found of this.#operations.find({ mirrorId, ...isFailed, ...named }, { sort: { _id: 1 } })) {
      if (hasFailed(found)) yield found;
    }
  }

  /** It is to be tried again. */
  async retry(id: string): Promise<void> {
    await this.#operations.updateOne({ _id: id, ...isFailed }, { $unset: { failed: true }, $inc: { retries: 1 } });
  }

  /** Given up for good. False: it was retried or cancelled meanwhile. */
  async discard(id: string): Promise<boolean> {
    const discarded = { $set: { outcome: { kind: 'discarded' as const } }, $unset: { failed: true as const } };
    return (await this.#operations.updateOne({ _id: id, ...isFailed }, discarded)).matchedCount === 1;
  }
}

const isFailed = { failed: { $exists: true }, outcome: { $exists: false } } as const;

const hasFailed = (operation: Operation): operation is FailedOperation => operation.failed !== undefined;
