import { compareTimes, type LocationState, type MirrorState, topics } from '@mirror/events';
import type { StateEntry } from '@mirror/kafka';
import { Injectable } from '@nestjs/common';
import { type ClientSession, type Collection, Timestamp, type UpdateFilter } from 'mongodb';
import { ConfigDatabase } from '../database/config-database.js';
import { duplicateKey } from '../database/database-errors.js';
import { fromRevision, stateEvent, toRevision } from '../database/state-event.js';
import type { Transaction } from '../database/transactions.js';
import type { PageRequest } from '../http/page.js';
import { Refusal } from '../http/problem.js';

/** A mirrored bucket as it is stored. `_id` is its name. */
export interface BucketRecord {
  readonly _id: string;
  /** Minted a life (R2): a bucket of this name made later has another. */
  readonly mirrorId: string;
  readonly location: string;
  /** The location's endpoint and target bucket, copied so that a unique index can refuse a second mirror of them. */
  readonly endpoint: string;
  readonly targetBucket: string;
  readonly paused: boolean;
  /** When a pause ends by itself; null when it does not, or when there is none. */
  readonly resumeAt: Date | null;
  readonly createdAt: Date;
  readonly revision: Timestamp;
  /** Logical time of the last command; missing when there was none. */
  readonly commandedAt?: Timestamp;
}

type NewBucket = Pick<BucketRecord, '_id' | 'mirrorId' | 'location' | 'endpoint' | 'targetBucket' | 'createdAt'>;

/** Mirrored buckets, and the events that say their changes. */
@Injectable()
export class BucketStore {
  readonly #buckets: Collection<BucketRecord>;

  constructor(database: ConfigDatabase) {
    this.#buckets = database.collection<BucketRecord>('buckets');
  }

  async init(): Promise<void> {
    await this.#buckets.createIndexes([
      { key: { location: 1 }, unique: true },
      { key: { endpoint: 1, targetBucket: 1 }, unique: true },
      { key: { resumeAt: 1 }, partialFilterExpression: { paused: true } },
    ]);
  }

  async find(name: string, session?: ClientSession): Promise<BucketRecord> {
    const record = await this.#buckets.findOne({ _id: name }, { session });
    if (record) return record;
    throw new Refusal(
      'BUCKET.NOT_FOUND',
      `name: there is no bucket ${name}.`,
      'GET /v1/buckets lists those there are.',
    );
  }

  async exists(name: string, session: ClientSession): Promise<boolean> {
    return (await this.#buckets.findOne({ _id: name }, { session, projection: { _id: 1 } })) !== null;
  }

  /** One more than asked for, where there are more. */
  page({ limit, after }: PageRequest): Promise<BucketRecord[]> {
    return this.#buckets
      .find(after === undefined ? {} : { _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(limit + 1)
      .toArray();
  }

  /** Those of these names that exist. */
  named(names: readonly string[]): Promise<BucketRecord[]> {
    return names.length === 0 ? Promise.resolve([]) : this.#buckets.find({ _id: { $in: [...names] } }).toArray();
  }

  /** Names of paused buckets whose hour has come by then; a few at a time. */
  async dueToResume(now: Date): Promise<string[]> {
    const due = await this.#buckets
      .find({ paused: true, resumeAt: { $lte: now } })
      .limit(100)
      .toArray();
    return due.map(({ _id }) => _id);
  }

  /** Refusal BUCKET.EXISTS, BUCKET.LOCATION_MIRRORED or BUCKET.TARGET_MIRRORED. */
  async insert(transaction: Transaction, bucket: NewBucket): Promise<BucketRecord> {
    const { session } = transaction;
    const unpaused = { ...bucket, paused: false, resumeAt: null, revision: new Timestamp(0n) };
    await this.#buckets.insertOne(unpaused, { session }).catch((error: unknown) => {
      throw conflict(error, bucket) ?? error;
    });
    const inserted = await this.find(bucket._id, session);
    await publish(transaction, 'BucketMirrored', inserted);
    return inserted;
  }

  /** Undefined when it is paused until that hour already: nothing to say. */
  async pause(transaction: Transaction, name: string, resumeAt: Date | null): Promise<BucketRecord> {
    const before = await this.find(name, transaction.session);
    if (before.paused && before.resumeAt?.getTime() === resumeAt?.getTime()) return before;
    const paused = await this.#stamp(transaction.session, name, { $set: { paused: true, resumeAt } });
    await publish(transaction, 'MirrorPaused', paused);
    return paused;
  }

  /** @param dueBy Only if the pause ends by itself, and by then: another hour may have been set meanwhile. */
  async resume(transaction: Transaction, name: string, dueBy?: Date): Promise<BucketRecord> {
    const before = await this.find(name, transaction.session);
    const due = dueBy === undefined || (before.resumeAt !== null && before.resumeAt <= dueBy);
    if (!before.paused || !due) return before;
    const resumed = await this.#stamp(transaction.session, name, { $set: { paused: false, resumeAt: null } });
    await publish(transaction, 'MirrorResumed', resumed);
    return resumed;
  }

  /** Name → revision of all there are. */
  async revisions(): Promise<ReadonlyMap<string, string>> {
    const all = await this.#buckets.find({}, { projection: { revision: 1 } }).toArray();
    return new Map(all.map(({ _id, revision }) => [_id, toRevision(revision)]));
  }

  /** Restored: takes over what was said, and says it again, for an older state may be said last. False: it is not newer. */
  async adopt(
    transaction: Transaction,
    { type, state }: StateEntry<MirrorState>,
    location: (Pick<BucketRecord, 'endpoint'> & { readonly bucketName: string }) | null,
  ): Promise<boolean> {
    const { session } = transaction;
    const { bucket: _id, mirrorId, paused, resumeAt, createdAt, revision } = state;
    const before = await this.#buckets.findOne({ _id }, { session });
    if (before && compareTimes(revision, toRevision(before.revision)) <= 0) return false;
    if (type === 'BucketDetached' || !location) await this.#buckets.deleteOne({ _id }, { session });
    else {
      const { endpoint, bucketName: targetBucket } = location;
      const times = { resumeAt: resumeAt === null ? null : new Date(resumeAt), createdAt: new Date(createdAt) };
      const kept = { mirrorId, location: state.location, endpoint, targetBucket, paused, ...times };
      const record = { ...kept, revision: fromRevision(revision) };
      await this.#buckets.replaceOne({ _id }, record, { session, upsert: true });
    }
    await transaction.publish(topics.buckets, stateEvent(type as BucketEventType, _id, state, new Date()));
    return true;
  }

  /** Restored: the endpoint of an adopted location. */
  async followLocation({ session }: Transaction, { name, details }: LocationState): Promise<void> {
    const { endpoint, bucketName: targetBucket } = details;
    await this.#buckets.updateOne({ location: name }, { $set: { endpoint, targetBucket } }, { session });
  }

  /** The location's endpoint changed: the index must know. Refusal BUCKET.TARGET_MIRRORED. */
  async moveEndpoint({ session }: Transaction, name: string, endpoint: string): Promise<void> {
    const { targetBucket, location } = await this.find(name, session);
    await this.#buckets.updateOne({ _id: name }, { $set: { endpoint } }, { session }).catch((error: unknown) => {
      throw conflict(error, { _id: name, location, endpoint, targetBucket }) ?? error;
    });
  }

  /** Orders the commands of a bucket: each writes this document, so that two at once can't have one order here, another there. */
  async stampCommand({ session }: Transaction, name: string): Promise<{ mirrorId: string; commandedAt: Timestamp }> {
    const stamp = { $currentDate: { commandedAt: { $type: 'timestamp' } } } as const;
    const stamped = await this.#buckets.findOneAndUpdate({ _id: name }, stamp, { session, returnDocument: 'after' });
    const { mirrorId, commandedAt } = stamped ?? (await this.find(name, session));
    if (!commandedAt) throw new Error(`bucket ${name} was not stamped`);
    return { mirrorId, commandedAt };
  }

  async delete(transaction: Transaction, name: string): Promise<BucketRecord> {
    const { session } = transaction;
    await this.find(name, session);
    const last = await this.#stamp(session, name, {});
    await this.#buckets.deleteOne({ _id: name }, { session });
    await publish(transaction, 'BucketDetached', last);
    return last;
  }

  async #stamp(session: ClientSession, name: string, update: UpdateFilter<BucketRecord>): Promise<BucketRecord> {
    const stamp: UpdateFilter<BucketRecord> = { ...update, $currentDate: { revision: { $type: 'timestamp' } } };
    const options = { session, returnDocument: 'after' } as const;
    return (await this.#buckets.findOneAndUpdate({ _id: name }, stamp, options)) ?? this.find(name, session);
  }
}

type Identity = Pick<BucketRecord, '_id' | 'location' | 'endpoint' | 'targetBucket'>;

function conflict(error: unknown, { _id: name, location, endpoint, targetBucket }: Identity): Refusal | undefined {
  const fields = duplicateKey(error);
  if (!fields) return undefined;
  if (fields.includes('location')) return locationMirrored(location);
  if (!fields.includes('endpoint')) return bucketExists(name);
  return new Refusal(
    'BUCKET.TARGET_MIRRORED',
    `Another bucket mirrors ${targetBucket} at ${endpoint}.`,
    'Use that bucket, or detach it first; not one object is touched by that.',
  );
}

export const bucketExists = (name: string): Refusal =>
  new Refusal('BUCKET.EXISTS', `name: a bucket ${name} exists.`, 'Choose another name.');

export const locationMirrored = (location: string): Refusal =>
  new Refusal(
    'BUCKET.LOCATION_MIRRORED',
    `locationConstraint: another bucket mirrors location ${location}.`,
    'Use that bucket, detach it first, or choose another location.',
  );

type BucketEventType = (typeof topics.buckets.events)[number];

function publish(transaction: Transaction, type: BucketEventType, record: BucketRecord): Promise<void> {
  const { _id: bucket, mirrorId, location, paused, resumeAt, createdAt } = record;
  const state: MirrorState = {
    bucket,
    mirrorId,
    revision: toRevision(record.revision),
    location,
    paused,
    resumeAt: resumeAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
  return transaction.publish(topics.buckets, stateEvent(type, bucket, state, new Date()));
}
