import { Readable } from 'node:stream';
import { findVersion } from '@mirror/namespace';
import { PermanentError } from '@mirror/runtime';
import type { ByteRange } from '../protocol/byte-range.js';
import { S3Error, serviceUnavailable } from '../protocol/errors.js';
import { describedHeaders, relayedHeaders } from '../protocol/object-headers.js';
import { openContent } from './connector-object.js';
import type { FoundObject } from './find-object.js';
import type { Call, Sources } from './operation.js';
import type { Selection } from './selection.js';

/** A version's content, wherever its bytes are now, with the headers that say what it is. */
export interface OpenVersion {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/**
 * Opens a version's content: from staging while it is not at the connector, from there otherwise. A reader that finds its
 * staged bytes gone reads the document again, which says where they went (rule R12).
 */
export async function openVersion(
  call: Call,
  sources: Sources,
  found: FoundObject,
  selection: Selection,
  ifMatch?: string,
): Promise<OpenVersion> {
  if (found.document.pending === undefined) return openAtConnector(call, sources, found, selection, ifMatch);
  const chosen = chooseBytes(found, selection);
  const body = await openStaged(call, sources, found, chosen.range);
  if (body !== undefined) return { status: chosen.status, headers: chosen.headers, body };
  return openAtConnector(call, sources, await findPushed(sources, found), selection, ifMatch);
}

async function openAtConnector(
  call: Call,
  sources: Sources,
  found: FoundObject,
  selection: Selection,
  ifMatch: string | undefined,
): Promise<OpenVersion> {
  const { status, headers, body } = await openContent(call, sources, found, selection, ifMatch);
  return { status, headers: relayedHeaders(found.document, headers), body };
}

/** Answers a pending version's bytes and headers without its content: what a HEAD needs, too. */
export function chooseBytes({ document }: FoundObject, selection: Selection): PendingChoice {
  const { description, pending, size } = document;
  const content = pending?.content;
  if (!content || description === null) throw new S3Error('InternalError');
  const { partNumber } = selection;
  const range = partNumber === undefined ? selection.range : partRange(content.parts, partNumber);
  const { tags } = description;
  return {
    status: partNumber === undefined && range === undefined ? 200 : 206,
    range: range ?? { first: 0, last: size - 1 },
    headers: {
      ...describedHeaders(document, description, range),
      ...(tags.length === 0 ? {} : { 'x-amz-tagging-count': String(tags.length) }),
      ...(partNumber === undefined || content.form === 'single'
        ? {}
        : { 'x-amz-mp-parts-count': String(content.parts.length) }),
    },
  };
}

interface PendingChoice {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty, its last before its first, for an object of no bytes. */
  readonly range: ByteRange;
}

/** Undefined: a part without bytes. Throws InvalidPartNumber. */
function partRange(parts: readonly { readonly size: number }[], partNumber: number): ByteRange | undefined {
  const part = parts[partNumber - 1];
  if (part === undefined) throw new S3Error('InvalidPartNumber');
  const first = parts.slice(0, partNumber - 1).reduce((sum, { size }) => sum + size, 0);
  return part.size === 0 ? undefined : { first, last: first + part.size - 1 };
}

/** Undefined: the bytes are not in staging any more. The first of them is opened at once, the others as they are reached. */
async function openStaged(
  call: Call,
  sources: Sources,
  found: FoundObject,
  range: ByteRange,
): Promise<Readable | undefined> {
  const pieces = piecesOf(found, range);
  const [first, ...others] = pieces;
  if (first === undefined) return Readable.from([]);
  const opened = await openPiece(sources, first);
  if (opened === undefined) return undefined;
  async function* content(head: Readable): AsyncGenerator<Uint8Array, void> {
    yield* head;
    for (const piece of others) {
      const body = await openPiece(sources, piece);
      if (body === undefined) return yield* restAtConnector(call, sources, found, { ...range, first: piece.offset });
      yield* body;
    }
  }
  const body = Readable.from(content(opened), { objectMode: false });
  body.once('close', () => opened.destroy()); // it may never have been read
  return body;
}

interface Piece {
  readonly stagedId: string;
  readonly range: ByteRange;
  /** In the object, of its first byte. */
  readonly offset: number;
}

function piecesOf({ document }: FoundObject, { first, last }: ByteRange): readonly Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  for (const { stagedId, size } of document.pending?.content?.parts ?? []) {
    const range = { first: Math.max(first - start, 0), last: Math.min(last - start, size - 1) };
    if (range.first <= range.last) pieces.push({ stagedId, range, offset: start + range.first });
    start += size;
  }
  return pieces;
}

async function openPiece({ writing }: Sources, { stagedId, range }: Piece): Promise<Readable | undefined> {
  try {
    return await writing.staging.read(stagedId, range);
  } catch (error) {
    if (error instanceof PermanentError && error.code === 'STAGING.MISSING') return undefined;
    throw error;
  }
}

/** The version was recorded at the connector, and its staged bytes dropped, while they were read. */
async function* restAtConnector(
  call: Call,
  sources: Sources,
  found: FoundObject,
  range: ByteRange,
): AsyncGenerator<Uint8Array, void> {
  const { body } = await openContent(call, sources, await findPushed(sources, found), { range }, undefined);
  yield* body;
}

/** The same version as the connector has it. The id that it had while pending is its alias. */
async function findPushed({ namespace }: Sources, found: FoundObject): Promise<FoundObject> {
  const { k, v } = found.document._id;
  const document = await findVersion(namespace.versions(found.bucket.mirrorId), k, v);
  if (document === null || document.kind === 'deleteMarker') throw found.missing();
  if (document.pending !== undefined) throw serviceUnavailable('The staged bytes of this object can not be found.');
  return { ...found, document };
}
