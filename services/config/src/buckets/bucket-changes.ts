import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ConfigDatabase } from '../database/config-database.js';
import { Transactions } from '../database/transactions.js';
import { Refusal } from '../http/problem.js';
import { LocationStore } from '../locations/location-store.js';
import { type BucketRecord, BucketStore, bucketExists, locationMirrored } from './bucket-store.js';
import { type CreateBucket, constraintOf, parseConstraint } from './mirrored-bucket.js';

/** What operators do with mirrored buckets. Bucket and location change together, or not at all. */
@Injectable()
export class BucketChanges {
  constructor(
    private readonly database: ConfigDatabase,
    private readonly transactions: Transactions,
    private readonly locations: LocationStore,
    private readonly buckets: BucketStore,
  ) {}

  async create({ name, locationConstraint }: CreateBucket): Promise<BucketRecord> {
    const { location: locationName, ingest } = parseConstraint(locationConstraint);
    const createdAt = await this.database.now();
    return this.transactions.run(async (transaction) => {
      if (await this.buckets.exists(name, transaction.session)) throw bucketExists(name);
      const location = await this.locations.claim(transaction, locationName, name);
      if (!location) throw unknownLocation(locationName);
      if (!ingest) throw notAMirror(locationName);
      if (!location.bucketMatch) throw prefixed(locationName);
      if (location.mirroredBy !== null) throw locationMirrored(locationName);
      const { endpoint, bucketName: targetBucket } = location;
      const mirrorId = randomUUID();
      return this.buckets.insert(transaction, {
        _id: name,
        mirrorId,
        location: locationName,
        endpoint,
        targetBucket,
        createdAt,
      });
    });
  }

  /** Refusal BUCKET.RESUME_IN_PAST. */
  async pause(name: string, resumeAt: Date | null): Promise<BucketRecord> {
    if (resumeAt !== null && resumeAt <= (await this.database.now())) {
      throw new Refusal(
        'BUCKET.RESUME_IN_PAST',
        `resumeAt: ${resumeAt.toISOString()} has passed.`,
        'Give an hour to come, or none, and resume by hand.',
      );
    }
    return this.transactions.run((transaction) => this.buckets.pause(transaction, name, resumeAt));
  }

  resume(name: string): Promise<BucketRecord> {
    return this.transactions.run((transaction) => this.buckets.resume(transaction, name));
  }

  /** Ends every pause whose hour has come. */
  async resumeDue(): Promise<void> {
    const now = await this.database.now();
    for (const name of await this.buckets.dueToResume(now)) {
      await this.transactions.run((transaction) => this.buckets.resume(transaction, name, now));
    }
  }

  /** Drops what we know; touches nothing at the connector. */
  async detach(name: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      const { location } = await this.buckets.delete(transaction, name);
      await this.locations.release(transaction, location);
    });
  }
}

const unknownLocation = (name: string): Refusal =>
  new Refusal(
    'BUCKET.LOCATION_UNKNOWN',
    `locationConstraint: there is no location ${name}.`,
    'GET /v1/location-constraints lists what can be chosen.',
  );

const notAMirror = (name: string): Refusal =>
  new Refusal(
    'BUCKET.NOT_A_MIRROR',
    `locationConstraint: ${name} alone does not ask for Mirror mode.`,
    `Use ${constraintOf(name)}.`,
  );

const prefixed = (name: string): Refusal =>
  new Refusal(
    'BUCKET.LOCATION_PREFIXED',
    `locationConstraint: objects on location ${name} have a prefix, which rules out Mirror mode.`,
    'Set bucketMatch to true on the location (write objects without prefix), or choose another one.',
  );
