import { Timestamp } from 'mongodb';
import type { VersionDocument } from '../src/index.js';

/** The listing as it should be, by sorting everything and looking at all of it. */

export interface ModelRequest {
  readonly prefix: string;
  readonly delimiter: string;
}

export interface ModelEntry {
  readonly name: string;
  /** Null: a common prefix. */
  readonly versionId: string | null;
  readonly isLatest: boolean;
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export function modelOfVersions(documents: readonly VersionDocument[], request: ModelRequest): ModelEntry[] {
  const entries: ModelEntry[] = [];
  let previousKey: string | undefined;
  for (const { _id } of ordered(documents, request.prefix)) {
    const prefix = rolledUp(_id.k, request);
    if (prefix === undefined) entries.push({ name: _id.k, versionId: _id.v, isLatest: _id.k !== previousKey });
    else if (entries.at(-1)?.name !== prefix) entries.push({ name: prefix, versionId: null, isLatest: false });
    previousKey = _id.k;
  }
  return entries;
}

export function modelOfObjects(documents: readonly VersionDocument[], request: ModelRequest): ModelEntry[] {
  const latest = new Map<string, VersionDocument>();
  for (const document of ordered(documents, request.prefix)) {
    if (!latest.has(document._id.k)) latest.set(document._id.k, document);
  }
  return modelOfVersions(
    [...latest.values()].filter(({ kind }) => kind === 'version'),
    request,
  );
}

function ordered(documents: readonly VersionDocument[], prefix: string): VersionDocument[] {
  return documents
    .filter(({ live, _id }) => live && _id.k.startsWith(prefix))
    .toSorted((a, b) => byBytes(a._id.k, b._id.k) || a.place - b.place);
}

function rolledUp(key: string, { prefix, delimiter }: ModelRequest): string | undefined {
  const [head, ...tail] = delimiter === '' ? [key] : key.slice(prefix.length).split(delimiter);
  return tail.length === 0 ? undefined : prefix + head + delimiter;
}

export function versionDocument(
  key: string,
  place: number,
  over: Partial<Pick<VersionDocument, 'kind' | 'live'>> & { readonly versionId?: string } = {},
): VersionDocument {
  const { kind = 'version', live = true, versionId = `v${place}` } = over;
  return {
    _id: { k: key, v: versionId },
    live,
    kind,
    place,
    size: kind === 'version' ? key.length : 0,
    etag: kind === 'version' ? `etag-${place}` : '',
    lastModified: new Date(1_700_000_000_000 - place),
    storageClass: 'STANDARD',
    listedAt: new Timestamp({ t: 1, i: 1 }),
    description: null,
    describedAt: null,
    ...(live ? {} : { removedAt: new Date() }),
  };
}
