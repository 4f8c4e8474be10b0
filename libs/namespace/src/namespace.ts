import type { Collection, Db } from 'mongodb';
import type { AppliedPosition } from './applied-positions.js';
import type { Segment } from './segment.js';
import type { VersionDocument } from './version-document.js';

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

  /** Creates what a mirror needs before its first write; harmless when it is there. */
  async prepareMirror(mirrorId: string): Promise<void> {
    await this.versions(mirrorId).createIndexes([
      // Serves clients' listings: the first live entry of a key is its latest version.
      { key: { '_id.k': 1, place: 1 }, name: 'listing', partialFilterExpression: { live: true } },
      { key: { removedAt: 1 }, name: 'tombstones', expireAfterSeconds: TOMBSTONE_DAYS * DAY_SECONDS, sparse: true },
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
    await this.versions(mirrorId).drop();
    await this.segments.deleteMany({ '_id.m': mirrorId });
  }
}
