import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ConfigDatabase } from '../database/config-database.js';
import { Transactions } from '../database/transactions.js';
import { Refusal } from '../http/problem.js';
import { LocationStore } from '../locations/location-store.js';
import { type BucketRecord, BucketStore, bucketExists, locationMirrored } from './bucket-store.js';
import type { Told } from './mirror-status.js';
import { type CreateBucket, constraintOf, parseConstraint } from './mirrored-bucket.js';
import { StatusSources } from './status-sources.js';

/** A transaction that begins later than that after the uploads were closed might find them opened again by a sweep. */
const CLOSED_MS = 30_000;

/** What operators do with mirrored buckets. Bucket and location change together, or not at all. */
@Injectable()
export class BucketChanges {
  constructor(
    private readonly database: ConfigDatabase,
    private readonly transactions: Transactions,
    private readonly locations: LocationStore,
    private readonly buckets: BucketStore,
    private readonly sources: StatusSources,
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

  /**
   * Drops what we know; touches nothing at the connector. First nothing more is accepted, then what waits is counted, so that
   * no upload slips in between (rule R2). Refusal BUCKET.UPLOADS_WAITING or BUCKET.UPLOADS_UNKNOWN; then uploads go on.
   * @param abandonUploads Whatever waits is given up.
   */
  async detach(name: string, abandonUploads: boolean): Promise<void> {
    const { mirrorId } = await this.buckets.find(name);
    const closedAt = performance.now();
    const closed = await this.sources.closeUploads(mirrorId);
    try {
      if (!abandonUploads) refuseWaiting(name, closed);
      await this.#delete(name, mirrorId, closedAt);
    } catch (error) {
      await this.#reopen(name, mirrorId);
      throw error;
    }
  }

  async #delete(name: string, mirrorId: string, closedAt: number): Promise<void> {
    await this.transactions.run(async (transaction) => {
      if (performance.now() - closedAt > CLOSED_MS) throw uploadsUnknown();
      const deleted = await this.buckets.delete(transaction, name);
      if (deleted.mirrorId !== mirrorId) throw uploadsUnknown(); // made anew meanwhile
      await this.locations.release(transaction, deleted.location);
    });
  }

  /** Unless another call has detached it meanwhile. The sweep of the replication service does it where this does not. */
  async #reopen(name: string, mirrorId: string): Promise<void> {
    const [bucket] = await this.buckets.named([name]).catch(() => []);
    if (bucket?.mirrorId === mirrorId) await this.sources.reopenUploads(mirrorId);
  }
}

function refuseWaiting(name: string, closed: Told<{ readonly waiting: number }>): void {
  if (closed.kind !== 'told') throw uploadsUnknown();
  const { waiting } = closed.value;
  if (waiting === 0) return;
  throw new Refusal(
    'BUCKET.UPLOADS_WAITING',
    `name: ${waiting} ${waiting === 1 ? 'operation waits' : 'operations wait'} to be brought to the connector.`,
    `GET /v1/buckets/${name}/status shows them; wait, or give them up with ?abandonUploads=true.`,
  );
}

const uploadsUnknown = (): Refusal =>
  new Refusal(
    'BUCKET.UPLOADS_UNKNOWN',
    'Whether uploads wait is not known, because the replication service does not answer.',
    'See whether it runs, and whether REPLICATION_URL of config is right; or give up what waits with ?abandonUploads=true.',
  );

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
