import { compareTimes, type LocationState, type MirrorState } from '@mirror/events';
import type { StateEntry } from '@mirror/kafka';
import type { Logger } from '@mirror/runtime';
import type { BucketStore } from '../buckets/bucket-store.js';
import type { Transactions } from '../database/transactions.js';
import type { LocationStore } from '../locations/location-store.js';

/** A state topic as it stands: what was said, and therefore committed once. */
export interface SaidStates<S> {
  entries(): Iterable<StateEntry<S>>;
  get(name: string): StateEntry<S> | undefined;
  catchUp(): Promise<void>;
}

export interface AdoptionParts {
  readonly said: { readonly locations: SaidStates<LocationState>; readonly buckets: SaidStates<MirrorState> };
  readonly stores: { readonly locations: LocationStore; readonly buckets: BucketStore };
  readonly transactions: Transactions;
  /** Events committed and not yet said. */
  pending(): Promise<number>;
  readonly logger: Logger;
}

/**
 * Restored: a state is committed before it is said, so a state topic that is ahead of the database means that the database
 * went back in time. Then what was said holds: the other services act by it. Without secrets, which are in no event: a
 * location that the database does not know at all stays unknown, with its bucket, until somebody adds it again.
 */
export class StateAdoption {
  readonly #lost = new Set<string>();

  constructor(private readonly parts: AdoptionParts) {}

  /** How many states were adopted. */
  async run(): Promise<number> {
    const { said, stores, pending } = this.parts;
    const locations = behind([...said.locations.entries()], await stores.locations.revisions(), nameOfLocation);
    const buckets = behind([...said.buckets.entries()], await stores.buckets.revisions(), nameOfBucket);
    if (locations.length + buckets.length === 0) return 0;
    // What was deleted and is not said yet looks the same. With nothing pending, and all read, it does not.
    if ((await pending()) > 0) return 0;
    await Promise.all([said.locations.catchUp(), said.buckets.catchUp()]);
    const standing = {
      locations: locations.filter((entry) => said.locations.get(entry.state.name) === entry),
      buckets: buckets.filter((entry) => said.buckets.get(entry.state.bucket) === entry),
    };
    return this.#adopt(standing.locations, standing.buckets);
  }

  /** Detached buckets first: they free what locations, and the buckets made after them, need. */
  async #adopt(
    locations: readonly StateEntry<LocationState>[],
    buckets: readonly StateEntry<MirrorState>[],
  ): Promise<number> {
    let adopted = 0;
    const isOver = ({ type }: StateEntry<MirrorState>): boolean => type === 'BucketDetached';
    for (const entry of buckets.filter(isOver)) adopted += await this.#adoptBucket(entry);
    for (const entry of locations) adopted += await this.#adoptLocation(entry);
    for (const entry of buckets.filter((one) => !isOver(one))) adopted += await this.#adoptBucket(entry);
    return adopted;
  }

  async #adoptLocation(entry: StateEntry<LocationState>): Promise<number> {
    const { stores, transactions } = this.parts;
    const outcome = await transactions.run(async (transaction) => {
      const kept = await stores.locations.adopt(transaction, entry);
      if (kept === 'adopted') await stores.buckets.followLocation(transaction, entry.state);
      return kept;
    });
    if (outcome === 'unknown') this.#reportLost(entry.state);
    else this.#report(entry);
    return outcome === 'adopted' ? 1 : 0;
  }

  async #adoptBucket(entry: StateEntry<MirrorState>): Promise<number> {
    const { stores, transactions } = this.parts;
    const adopted = await transactions.run(async (transaction) => {
      const location = await stores.locations.peek(transaction, entry.state.location);
      if (!location && entry.type !== 'BucketDetached') return false; // it waits for its location
      if (!(await stores.buckets.adopt(transaction, entry, location))) return false;
      await stores.locations.settleUse(transaction, entry.state, entry.type !== 'BucketDetached');
      return true;
    });
    if (adopted) this.#report(entry);
    return adopted ? 1 : 0;
  }

  #report({ type, state }: StateEntry<LocationState | MirrorState>): void {
    const context = { type, name: 'name' in state ? state.name : state.bucket, revision: state.revision };
    this.parts.logger.warn(context, 'the database was restored to an older state: what was said since is adopted');
  }

  #reportLost({ name }: LocationState): void {
    if (this.#lost.has(name)) return;
    this.#lost.add(name);
    const hint = 'Add the location again under the same name: its bucket then comes back by itself.';
    this.parts.logger.error({ location: name, hint }, 'the restored database does not know a location, nor its keys');
  }
}

const nameOfLocation = ({ name }: LocationState): string => name;
const nameOfBucket = ({ bucket }: MirrorState): string => bucket;

/** States that are newer than what is stored. What is over and not stored is as it should be. */
function behind<S extends { readonly revision: string }>(
  entries: readonly StateEntry<S>[],
  stored: ReadonlyMap<string, string>,
  nameOf: (state: S) => string,
): StateEntry<S>[] {
  return entries.filter(({ type, state }) => {
    const known = stored.get(nameOf(state));
    if (known === undefined) return type !== 'BucketDetached' && type !== 'LocationDeleted';
    return compareTimes(state.revision, known) > 0;
  });
}
