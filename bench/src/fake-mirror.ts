import type { ObjectChanged } from '@mirror/events';
import { type MirroredVersion, toTimestamp } from '@mirror/namespace';
import type { SimulatedBucket, SimulatedVersion } from '@mirror/testing/simulated-bucket';

/**
 * A mirror of a simulated bucket that is in no database: which of the bucket's versions were applied, a bit each, and when the
 * last of them was observed. All else of a document is computed when it is read. For buckets that nothing changes.
 */
export class FakeMirror {
  private readonly applied: Uint8Array;
  private listedAt = toTimestamp('1');

  constructor(private readonly bucket: SimulatedBucket) {
    this.applied = new Uint8Array(Math.ceil(bucket.versions / 8));
  }

  apply(changes: readonly ObjectChanged[]): void {
    for (const { versionId, kind, endedAt } of changes) {
      const number = numberOf(versionId);
      const bit = 1 << (number & 7);
      const byte = this.applied[number >> 3] ?? 0;
      this.applied[number >> 3] = kind === 'removal' ? byte & ~bit : byte | bit;
      this.listedAt = toTimestamp(endedAt);
    }
  }

  /** As the namespace reads it: keys after `after`, up to and with `end` (null: to the last), by key, then version id. */
  readRange(after: string, end: string | null): MirroredVersion[] {
    const [first, beyond] = [this.firstAfter(after), end === null ? this.bucket.versions : this.firstAfter(end)];
    if (!this.hasAny(first, beyond)) return [];
    const { versions } = this.bucket.page({ keyMarker: after, versionIdMarker: '' }, '', beyond - first);
    const documents = versions.map((version, index) => this.documentOf(version, placeIn(versions, index)));
    return documents
      .filter(({ _id }) => this.isApplied(numberOf(_id.v)))
      .sort((a, b) => (a._id.k === b._id.k && a._id.v < b._id.v ? -1 : a._id.k === b._id.k ? 1 : 0));
  }

  private firstAfter(key: string): number {
    if (key === '') return 0;
    const [next] = this.bucket.page({ keyMarker: key, versionIdMarker: '' }, '', 1).versions;
    return next ? numberOf(next.versionId) : this.bucket.versions;
  }

  private hasAny(first: number, beyond: number): boolean {
    for (let number = first; number < beyond; number += 1) if (this.isApplied(number)) return true;
    return false;
  }

  private isApplied(number: number): boolean {
    return ((this.applied[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }

  private documentOf(
    { key, versionId, kind, size, etag, lastModified }: SimulatedVersion,
    place: number,
  ): MirroredVersion {
    const isMarker = kind === 'deleteMarker';
    return {
      _id: { k: key, v: versionId },
      kind,
      place,
      size: isMarker ? 0 : size,
      etag: isMarker ? '' : etag,
      storageClass: isMarker ? '' : 'STANDARD',
      lastModified: new Date(lastModified),
      listedAt: this.listedAt,
    };
  }
}

/** A simulated version's id ends with its number, in listed order. */
const numberOf = (versionId: string): number => Number.parseInt(versionId.slice(16), 16);

/** Of a key that was listed as a whole, when nothing of it was known. */
function placeIn(versions: readonly SimulatedVersion[], index: number): number {
  let place = 0;
  while (versions[index - place - 1]?.key === versions[index]?.key) place += 1;
  return place;
}
