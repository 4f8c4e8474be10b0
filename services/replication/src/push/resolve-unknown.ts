import type { StoredDescription } from '@mirror/namespace';

/** A version or delete marker of the key, as the connector lists it. */
export interface ListedOfKey {
  readonly versionId: string;
  readonly kind: 'version' | 'deleteMarker';
  readonly etag: string;
  readonly size: number;
  readonly lastModified: Date;
}

/** What an attempt may have left at the connector. */
export interface Attempted {
  readonly kind: 'version' | 'deleteMarker';
  /** Of a version. */
  readonly etag: string;
  readonly size: number;
  readonly description: StoredDescription;
  /** Not before the attempt began, by the connector's own clock. */
  readonly begunAt: Date;
  /** Version ids of the key that were known when it began, the mirror's and those of other operations. */
  readonly known: ReadonlySet<string>;
}

/** What HEAD and tagging tell; null: it is gone meanwhile. */
export type Describe = (versionId: string) => Promise<StoredDescription | null>;

/**
 * Whether an attempt without an answer was applied (rule R10): ours is the oldest version that is no other operation's, that
 * the mirror did not know when the attempt began, and that is in all what we sent. Undefined: there is none.
 * @param listed Newest first, as a listing has them.
 */
export async function resolveUnknown(
  attempted: Attempted,
  listed: readonly ListedOfKey[],
  describe: Describe,
): Promise<ListedOfKey | undefined> {
  for (const candidate of candidatesOf(attempted, listed)) {
    if (attempted.kind === 'deleteMarker') return candidate;
    const description = await describe(candidate.versionId);
    if (description !== null && isSameDescription(attempted.description, description)) return candidate;
  }
  return undefined;
}

/** By what a listing tells, the oldest first. */
export function candidatesOf(attempted: Attempted, listed: readonly ListedOfKey[]): ListedOfKey[] {
  return listed.filter((version) => mayBeOurs(attempted, version)).reverse();
}

function mayBeOurs({ kind, etag, size, begunAt, known }: Attempted, version: ListedOfKey): boolean {
  if (version.kind !== kind || known.has(version.versionId)) return false;
  // Some endpoints tell whole seconds only.
  if (version.lastModified.getTime() < Math.floor(begunAt.getTime() / 1000) * 1000) return false;
  return kind === 'deleteMarker' || (version.etag === etag && version.size === size);
}

/** A content type that the client did not give is the connector's to choose. */
export function isSameDescription(sent: StoredDescription, found: StoredDescription): boolean {
  if (sent.contentType !== null && sent.contentType !== found.contentType) return false;
  return isSame(sent.headers, found.headers) && isSame(sent.metadata, found.metadata) && isSame(sent.tags, found.tags);
}

type Pairs = StoredDescription['metadata'];

/** In any order; names of headers and metadata in lower case on both sides. */
function isSame(sent: Pairs, found: Pairs): boolean {
  if (sent.length !== found.length) return false;
  const values = new Map(found.map(([name, value]) => [name, value]));
  return sent.every(([name, value]) => values.has(name) && isSameText(value, values.get(name) ?? ''));
}

/** S3 Connector gives non-ASCII metadata back as the Latin-1 reading of its UTF-8 bytes. */
function isSameText(sent: string, found: string): boolean {
  return sent.trim() === found.trim() || Buffer.from(found.trim(), 'latin1').toString('utf8') === sent.trim();
}
