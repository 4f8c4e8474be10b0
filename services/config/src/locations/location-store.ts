import type { EndpointBehaviour } from '@mirror/connector';
import { compareTimes, LOCATION_TYPE, type LocationState, type MirrorState, topics } from '@mirror/events';
import type { StateEntry } from '@mirror/kafka';
import { Injectable } from '@nestjs/common';
import { type ClientSession, type Collection, Timestamp, type UpdateFilter } from 'mongodb';
import { ConfigDatabase } from '../database/config-database.js';
import { duplicateKey } from '../database/database-errors.js';
import { fromRevision, stateEvent, toRevision } from '../database/state-event.js';
import type { Transaction } from '../database/transactions.js';
import type { PageRequest } from '../http/page.js';
import { type Check, Refusal } from '../http/problem.js';
import type { Sealed } from '../secrets/master-key.js';

/** A location as it is stored. `_id` is its name. */
export interface LocationRecord {
  readonly _id: string;
  readonly endpoint: string;
  readonly bucketName: string;
  readonly accessKey: string;
  readonly secretKey: Sealed;
  readonly bucketMatch: boolean;
  readonly region: string;
  readonly checks: readonly Check[];
  readonly checkedAt: Date;
  /** How its endpoint lists, by the probe; null: it could not be learned. */
  readonly behaviour: EndpointBehaviour | null;
  /** The bucket that mirrors it. Set and cleared with the bucket, so that making one and deleting the other conflict. */
  readonly mirroredBy: string | null;
  /** Logical time of the last change of its state (R2). Credentials and checks count, so that a change is never missed. */
  readonly revision: Timestamp;
}

export type LocationChanges = Partial<Omit<LocationRecord, '_id' | 'mirroredBy' | 'revision'>>;

/** Locations, and the events that say their changes. */
@Injectable()
export class LocationStore {
  readonly #locations: Collection<LocationRecord>;

  constructor(database: ConfigDatabase) {
    this.#locations = database.collection<LocationRecord>('locations');
  }

  /** Creates the collection: a transaction would otherwise do so, at the price of conflicts. */
  async init(): Promise<void> {
    await this.#locations.createIndex({ mirroredBy: 1 });
  }

  async find(name: string, session?: ClientSession): Promise<LocationRecord> {
    const record = await this.#locations.findOne({ _id: name }, { session });
    if (record) return record;
    throw notFound(name);
  }

  async exists(name: string): Promise<boolean> {
    return (await this.#locations.countDocuments({ _id: name }, { limit: 1 })) > 0;
  }

  /** One more than asked for, where there are more. `from` includes the name itself, `after` does not. */
  page({ limit, after }: PageRequest): Promise<LocationRecord[]> {
    return this.#list(after === undefined ? {} : { _id: { $gt: after } }, limit);
  }

  pageFrom(name: string, limit: number): Promise<LocationRecord[]> {
    return this.#list({ _id: { $gte: name } }, limit);
  }

  #list(filter: Parameters<Collection<LocationRecord>['find']>[0], limit: number): Promise<LocationRecord[]> {
    return this.#locations
      .find(filter)
      .sort({ _id: 1 })
      .limit(limit + 1)
      .toArray();
  }

  /** Refusal LOCATION.EXISTS. */
  async insert(
    transaction: Transaction,
    record: Omit<LocationRecord, 'revision' | 'mirroredBy'>,
  ): Promise<LocationRecord> {
    const { session } = transaction;
    try {
      // The server replaces an empty timestamp at the top level by the logical time.
      await this.#locations.insertOne({ ...record, mirroredBy: null, revision: new Timestamp(0n) }, { session });
    } catch (error) {
      if (duplicateKey(error)) throw exists(record._id);
      throw error;
    }
    const inserted = await this.find(record._id, session);
    await publish(transaction, 'LocationCreated', inserted);
    return inserted;
  }

  /**
   * @param revision As read before the change was checked; LOCATION.CHANGED when it is another by now.
   * @param unusedFor What only a location without a bucket may undergo, for LOCATION.IN_USE; null: any may.
   */
  async change(
    transaction: Transaction,
    { _id: name, revision }: LocationRecord,
    changes: LocationChanges,
    unusedFor: string | null,
  ): Promise<LocationRecord> {
    const changed = await this.#stamp(transaction.session, { _id: name, revision }, { $set: changes });
    if (!changed) {
      throw new Refusal(
        'LOCATION.CHANGED',
        `Location ${name} was changed or deleted meanwhile.`,
        'Read it, then try again.',
      );
    }
    if (unusedFor !== null && changed.mirroredBy !== null) throw inUse(changed, unusedFor);
    await publish(transaction, 'LocationUpdated', changed);
    return changed;
  }

  /** Findings of a check that are not part of the state: no event, no new revision. */
  async keepChecks(
    { _id, revision }: LocationRecord,
    checks: readonly Check[],
    checkedAt: Date,
  ): Promise<LocationRecord> {
    await this.#locations.updateOne({ _id, revision }, { $set: { checks, checkedAt } });
    return this.find(_id);
  }

  /** Refusal LOCATION.NOT_FOUND or LOCATION.IN_USE. */
  async delete(transaction: Transaction, name: string): Promise<void> {
    const { session } = transaction;
    const last = await this.#stamp(session, { _id: name }, {});
    if (!last) throw notFound(name);
    if (last.mirroredBy !== null) throw inUse(last, 'deleted');
    await this.#locations.deleteOne({ _id: name }, { session });
    await publish(transaction, 'LocationDeleted', last);
  }

  /**
   * Takes the location for a bucket, in the bucket's transaction. Undefined when there is none of this name. What comes
   * back is as it was before: when `mirroredBy` names a bucket already, nothing was taken.
   */
  async claim({ session }: Transaction, name: string, bucket: string): Promise<LocationRecord | undefined> {
    const claim = { $set: { mirroredBy: bucket } };
    const before = await this.#locations.findOneAndUpdate({ _id: name, mirroredBy: null }, claim, { session });
    return before ?? (await this.#locations.findOne({ _id: name }, { session })) ?? undefined;
  }

  async release({ session }: Transaction, name: string): Promise<void> {
    await this.#locations.updateOne({ _id: name }, { $set: { mirroredBy: null } }, { session });
  }

  /** Name → revision of all there are. */
  async revisions(): Promise<ReadonlyMap<string, string>> {
    const all = await this.#locations.find({}, { projection: { revision: 1 } }).toArray();
    return new Map(all.map(({ _id, revision }) => [_id, toRevision(revision)]));
  }

  peek({ session }: Transaction, name: string): Promise<LocationRecord | null> {
    return this.#locations.findOne({ _id: name }, { session });
  }

  /**
   * Restored: takes over what was said, and says it again, for an older state may be said last. The keys stay those that are
   * stored; without any, the location is `unknown`. `kept`: what is stored is as new.
   */
  async adopt(
    transaction: Transaction,
    { type, state }: StateEntry<LocationState>,
  ): Promise<'adopted' | 'kept' | 'unknown'> {
    const { session } = transaction;
    const { name: _id, revision, details, behaviour = null } = state;
    const before = await this.peek(transaction, _id);
    if (!before) return type === 'LocationDeleted' ? 'kept' : 'unknown';
    if (compareTimes(revision, toRevision(before.revision)) <= 0) return 'kept';
    const said = { ...details, behaviour: behaviour as EndpointBehaviour | null, revision: fromRevision(revision) };
    if (type === 'LocationDeleted') await this.#locations.deleteOne({ _id }, { session });
    else await this.#locations.updateOne({ _id }, { $set: said }, { session });
    await transaction.publish(topics.locations, stateEvent(type as LocationEventType, _id, state, new Date()));
    return 'adopted';
  }

  /** Restored: which bucket uses which location, by an adopted state of the bucket. */
  async settleUse({ session }: Transaction, { bucket, location }: MirrorState, isUsed: boolean): Promise<void> {
    const others = isUsed ? { _id: { $ne: location } } : {};
    await this.#locations.updateMany({ ...others, mirroredBy: bucket }, { $set: { mirroredBy: null } }, { session });
    if (isUsed) await this.#locations.updateOne({ _id: location }, { $set: { mirroredBy: bucket } }, { session });
  }

  #stamp(
    session: ClientSession,
    filter: { _id: string; revision?: Timestamp },
    update: UpdateFilter<LocationRecord>,
  ): Promise<LocationRecord | null> {
    const stamp: UpdateFilter<LocationRecord> = { ...update, $currentDate: { revision: { $type: 'timestamp' } } };
    return this.#locations.findOneAndUpdate(filter, stamp, { session, returnDocument: 'after' });
  }
}

export const exists = (name: string): Refusal =>
  new Refusal(
    'LOCATION.EXISTS',
    `name: a location ${name} exists.`,
    'Choose another name, or change the one there is.',
  );

export const inUse = (location: LocationRecord, what: string): Refusal =>
  new Refusal(
    'LOCATION.IN_USE',
    `Bucket ${location.mirroredBy} mirrors location ${location._id}, so it cannot be ${what}.`,
    `Detach bucket ${location.mirroredBy} first; not one object is touched by that.`,
  );

const notFound = (name: string): Refusal =>
  new Refusal('LOCATION.NOT_FOUND', `name: there is no location ${name}.`, 'GET /v1/locations lists those there are.');

type LocationEventType = (typeof topics.locations.events)[number];

function publish(transaction: Transaction, type: LocationEventType, record: LocationRecord): Promise<void> {
  const { _id: name, endpoint, bucketName, bucketMatch, region, behaviour } = record;
  const state: LocationState = {
    name,
    revision: toRevision(record.revision),
    locationType: LOCATION_TYPE,
    details: { endpoint, bucketName, bucketMatch, region },
    ...(behaviour && { behaviour: { ...behaviour, quirks: [...behaviour.quirks], unknown: [...behaviour.unknown] } }),
  };
  return transaction.publish(topics.locations, stateEvent(type, name, state, new Date()));
}
