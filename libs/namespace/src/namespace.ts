import { type Collection, type Db, MaxKey, MongoServerError, type Timestamp } from 'mongodb';
import type { AppliedPosition } from './applied-positions.js';
import type { PendingOperation } from './pending-operation.js';
import type { Segment } from './segment.js';
import { CLOSED_GATE_SECONDS, closeUploads, type UploadGate } from './upload-gates.js';
import type { VersionDocument } from './version-document.js';

/** The last sequence of a key, given to the last operation that was accepted. It lives as long as the mirror. */
export interface KeySequence {
  readonly _id: { readonly m: string; readonly k: string };
  readonly next: number;
  /** When it was given, by the database's clock. */
  readonly at: Timestamp;
  readonly date: Date;
}

const VERSIONS_PREFIX = 'versions.';

/** Days that a tombstone lives: longer than any topic keeps its events (rule R7). */
export const TOMBSTONE_DAYS = 14;
const DAY_SECONDS = 86_400;

/**
 * The namespace's collections. Each mirror has a collection of its own, named by its mirrorId: what carries another life's
 * id lands elsewhere by construction, and a detached mirror is dropped in one step.
 */
export class Namespace {
  constructor(readonly db: Db) {}

  versions(mirrorId: string): Collection<VersionDocument> {
    return this.db.collection<VersionDocument>(`${VERSIONS_PREFIX}${mirrorId}`);
  }

  get segments(): Collection<Segment> {
    return this.db.collection<Segment>('segments');
  }

  get positions(): Collection<AppliedPosition> {
    return this.db.collection<AppliedPosition>('appliedPositions');
  }

  get pendingOperations(): Collection<PendingOperation> {
    return this.db.collection<PendingOperation>('pendingOperations');
  }

  get keySequences(): Collection<KeySequence> {
    return this.db.collection<KeySequence>('keySequences');
  }

  get uploadGates(): Collection<UploadGate> {
    return this.db.collection<UploadGate>('uploadGates');
  }

  /** Creates what uploads need; harmless when it is there. Called by every service that accepts, pushes or records them. */
  async prepareUploads(): Promise<void> {
    await this.pendingOperations.createIndexes([
      { key: { mirrorId: 1, key: 1, sequence: 1 }, name: 'order', unique: true },
      {
        key: { mirrorId: 1, failed: 1, _id: 1 },
        name: 'failures',
        partialFilterExpression: { failed: { $exists: true } },
      },
    ]);
    await this.uploadGates.createIndexes([
      { key: { closedAt: 1 }, name: 'closed', expireAfterSeconds: CLOSED_GATE_SECONDS, sparse: true },
    ]);
    // Or the first transactions would make it, and conflict.
    await this.db.createCollection('keySequences').catch(unlessItExists);
  }

  /** Creates what a mirror needs before its first write; harmless when it is there. */
  async prepareMirror(mirrorId: string): Promise<void> {
    await this.versions(mirrorId).createIndexes([
      // Serves clients' listings: the first live entry of a key is its latest version.
      { key: { '_id.k': 1, place: 1 }, name: 'listing', partialFilterExpression: { live: true } },
      { key: { removedAt: 1 }, name: 'tombstones', expireAfterSeconds: TOMBSTONE_DAYS * DAY_SECONDS, sparse: true },
      { key: { '_id.k': 1, aliases: 1 }, name: 'aliases', partialFilterExpression: { aliases: { $exists: true } } },
    ]);
  }

  /** The mirrors that have a collection, current or not. */
  async mirrorIds(): Promise<string[]> {
    const collections = await this.db
      .listCollections({ name: { $regex: /^versions\./ } }, { nameOnly: true })
      .toArray();
    return collections.map(({ name }) => name.slice(VERSIONS_PREFIX.length));
  }

  /** Drops a mirror's documents. Nothing at the connector is touched. */
  async dropMirror(mirrorId: string): Promise<void> {
    await closeUploads(this.uploadGates, mirrorId); // or a gateway that has not heard of it would begin it anew
    await this.versions(mirrorId).drop();
    await this.segments.deleteMany({ '_id.m': mirrorId });
    await this.pendingOperations.deleteMany({ mirrorId });
    const every = { $gte: { m: mirrorId, k: '' }, $lt: { m: mirrorId, k: new MaxKey() as unknown as string } };
    await this.keySequences.deleteMany({ _id: every });
  }
}

const NAMESPACE_EXISTS = 48;

function unlessItExists(error: unknown): void {
  if (!(error instanceof MongoServerError) || error.code !== NAMESPACE_EXISTS) throw error;
}
