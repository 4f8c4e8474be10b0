import { beforeAstral, indexAfter, isHighBeside, type KeyOrder } from './key-orders.js';
import type { Quirk } from './personalities.js';
import { S3Refusal } from './s3-exchange.js';
import { isVersionId, sequenceOf } from './version-ids.js';
import type { StoredVersion } from './versioned-bucket.js';
import { walkFolders } from './walk-folders.js';

/** What a listing is made of: a bucket's keys, or what a fault leaves of them. */
export interface ListedKeys {
  readonly keys: readonly string[];
  readonly order: KeyOrder;
  versionsOf(key: string): readonly StoredVersion[];
}

export interface PageQuery {
  readonly prefix: string;
  readonly keyMarker: string;
  /** The endpoint made it, and put its own state behind the key. */
  readonly isOwnMarker: boolean;
  readonly versionIdMarker: string;
  readonly maxKeys: number;
}

export interface ListedEntry {
  readonly version: StoredVersion;
  readonly isLatest: boolean;
}

export interface ListedPage {
  readonly entries: readonly ListedEntry[];
  readonly isTruncated: boolean;
  /** Where the next page goes on; only on a truncated page. */
  readonly next: StoredVersion | undefined;
}

/** The first entry of a page: of the key at `key`, its version at `version`, counted from the newest. */
interface Position {
  readonly key: number;
  readonly version: number;
  /** All that is listed from here on; everything when not given. */
  readonly only?: 'nullVersions' | 'olderNullVersions';
}

export const largestPage = 1_000;

export function listPage(bucket: ListedKeys, query: PageQuery, quirks: ReadonlySet<Quirk>): ListedPage {
  const size = Math.min(query.maxKeys, largestPage);
  const isWalk = quirks.has('folderMarkerLosesKeys') && query.keyMarker !== '' && !query.isOwnMarker;
  const { listed, goesOn } = isWalk ? metOnTheWay(bucket, query, size) : { listed: bucket, goesOn: false };
  const start = startOf(listed, query, quirks);
  if (size === 0) return { entries: [], isTruncated: false, next: undefined };
  const isHidden = hiddenBy(listed, query, quirks);
  const found: ListedEntry[] = [];
  for (const entry of entriesFrom(listed, start, query.prefix, isHidden)) {
    found.push(entry);
    if (found.length > size) break;
  }
  const stream = found.slice(0, size);
  const page = quirks.has('astralKeysDoubled') ? doubled(stream, size) : { entries: stream, used: stream.length };
  const entries = quirks.has('deleteMarkersListedApart') ? markersFirst(page.entries) : page.entries;
  const isFull = page.entries.length > 0 && page.entries.length >= size;
  const isCut = found.length > page.used || (goesOn && found.length > 0);
  const isTruncated = isCut || (isFull && quirks.has('fullPageSaysTruncated'));
  return { entries, isTruncated, next: isTruncated ? stream[page.used - 1]?.version : undefined };
}

/** What is left of the bucket where its folders are walked from the marker, up to a limit. */
function metOnTheWay(
  { keys, order, versionsOf }: ListedKeys,
  { prefix, keyMarker }: PageQuery,
  size: number,
): { readonly listed: ListedKeys; readonly goesOn: boolean } {
  const wanted = size + 1;
  const isShown = (key: string) => versionsOf(key)[0]?.kind === 'version';
  const met = walkFolders(keys, { prefix, keyMarker, wanted, counts: isShown });
  const after = met.filter((key) => order(key, keyMarker) >= 0);
  return { listed: { keys: after.slice(0, wanted), order, versionsOf }, goesOn: after.length > wanted };
}

function startOf(listed: ListedKeys, query: PageQuery, quirks: ReadonlySet<Quirk>): Position {
  const { keys, order } = listed;
  const { keyMarker, versionIdMarker, prefix } = query;
  const first = { key: indexAfter(keys, prefix, order, true), version: 0 };
  if (keyMarker === '') {
    if (versionIdMarker !== '' && quirks.has('versionMarkerAloneRefused')) throw new S3Refusal(501, 'NotImplemented');
    if (versionIdMarker !== '') throw new S3Refusal(400, 'InvalidArgument');
    return first;
  }
  const reemitted = versionIdMarker === '' && quirks.has('keyMarkerReemitted');
  const after = { key: indexAfter(keys, keyMarker, order, reemitted), version: 0 };
  const position = versionIdMarker === '' ? after : startInside(listed, query, after, quirks);
  return position.key < first.key ? { ...position, ...first } : position;
}

/** After the version of the marker; `after` is the first key after it. */
function startInside(
  { keys, versionsOf }: ListedKeys,
  { keyMarker, versionIdMarker }: PageQuery,
  after: Position,
  quirks: ReadonlySet<Quirk>,
): Position {
  const key = after.key - 1;
  const versions = keys[key] === keyMarker ? versionsOf(keyMarker) : [];
  const index = versions.findIndex(({ versionId }) => versionId === versionIdMarker);
  if (versionIdMarker === 'null' && quirks.has('nullVersionMarkerEndsListing'))
    return { key: Math.max(key, 0), version: Math.max(index, 0), only: 'nullVersions' };
  if (index === 0 && quirks.has('latestRepeatedAfterPage')) return { key, version: 0 };
  if (index >= 0) return { key, version: index + 1 };
  if (!isVersionId(versionIdMarker) && !quirks.has('bogusVersionMarkerSkipsKey'))
    throw new S3Refusal(400, 'InvalidArgument');
  if (quirks.has('deletedVersionMarkerEndsListing')) return { ...after, only: 'olderNullVersions' };
  if (versions.length === 0) return after;
  if (quirks.has('deletedVersionMarkerRelistsKey')) return { key, version: 0 };
  const sequence = sequenceOf(versionIdMarker);
  const older = versions.findIndex((version) => sequence !== undefined && version.sequence < sequence);
  return older < 0 ? after : { key, version: older };
}

function* entriesFrom(
  { keys, versionsOf }: ListedKeys,
  start: Position,
  prefix: string,
  isHidden: (key: string) => boolean,
): Generator<ListedEntry> {
  for (let at = start.key; at < keys.length; at += 1) {
    const key = keys[at] ?? '';
    if (!key.startsWith(prefix)) return;
    if (isHidden(key)) continue;
    const versions = versionsOf(key);
    for (let index = at === start.key ? start.version : 0; index < versions.length; index += 1) {
      const version = versions[index];
      const isLatest = index === 0;
      if (version && isAmong(start.only, version, isLatest)) yield { version, isLatest };
    }
  }
}

function isAmong(only: Position['only'], { versionId }: StoredVersion, isLatest: boolean): boolean {
  if (only === undefined) return true;
  return versionId === 'null' && (only === 'nullVersions' || !isLatest);
}

function hiddenBy(
  { keys, order }: ListedKeys,
  { prefix }: PageQuery,
  quirks: ReadonlySet<Quirk>,
): (key: string) => boolean {
  if (!quirks.has('astralKeysMissing') || prefix !== '') return () => false;
  return (key) => {
    const before = beforeAstral(key);
    if (before === undefined) return false;
    return isHighBeside(keys[indexAfter(keys, `${before}\uE000`, order, true)] ?? '', before);
  };
}

const markersFirst = (entries: readonly ListedEntry[]): ListedEntry[] => [
  ...entries.filter(({ version }) => version.kind === 'deleteMarker'),
  ...entries.filter(({ version }) => version.kind === 'version'),
];

/** Keys beyond U+FFFF once more before their neighbours of the same page. `used` entries of the stream had room. */
function doubled(stream: readonly ListedEntry[], size: number): { entries: ListedEntry[]; used: number } {
  for (let used = stream.length; ; used -= 1) {
    const entries = withCopies(stream.slice(0, used));
    // One entry and its copy may be more than a page holds: then it comes once.
    if (entries.length <= size) return { entries, used };
    if (used === 1) return { entries: stream.slice(0, 1), used };
  }
}

function withCopies(stream: readonly ListedEntry[]): ListedEntry[] {
  const entries = [...stream];
  for (const entry of stream) {
    const before = beforeAstral(entry.version.key);
    if (before === undefined) continue;
    const at = entries.findIndex(({ version }) => isHighBeside(version.key, before) || version === entry.version);
    if (entries[at]?.version !== entry.version) entries.splice(at, 0, entry);
  }
  return entries;
}
