import { createHash } from 'node:crypto';
import type { ListedVersion, RawVersionPage, VersionPage } from '@mirror/connector';
import { compareKeys, hasAmbiguousOrder } from '@mirror/namespace';
import { TransientError } from '@mirror/runtime';

/** Most versions that one request answers, by S3. */
export const PAGE_SIZE = 1_000;
/** Where a range is cut while its end is not known: leaves room for growth below a page (rule R4). */
const TARGET_VERSIONS = 980;

export interface PageRequest {
  readonly keyMarker?: string | undefined;
  readonly versionIdMarker?: string | undefined;
  readonly maxKeys: number;
}

/** Lists one page at the connector, inside the budget. */
export type ListPage = (request: PageRequest) => Promise<RawVersionPage>;

export interface Range {
  /** Keys after this one; empty: from the first. */
  readonly after: string;
  /** Up to and with this one; null: to the last. */
  readonly end: string | null;
  readonly pageSize: number;
  /** Hash of a listing that showed no difference. */
  readonly confirmedHash: string | null;
}

export type RangeListing =
  /** The listing is the very one that was confirmed. */
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'listed';
      /** By key, inside a key newest first, each (key, version id) once. */
      readonly versions: readonly ListedVersion[];
      /** The listing is complete up to and with this key; null: to the last key. Smaller than the range's end: cut there. */
      readonly end: string | null;
      readonly hash: string;
    };

/**
 * Lists a range with the proof of its end (rule R3): a page that goes beyond it, or the end of the list. Where there is more
 * than a segment should hold, the listing stops between two keys, and the rest is a segment of its own.
 */
export async function listRange(listPage: ListPage, range: Range): Promise<RangeListing> {
  const hash = createHash('sha256');
  const collected = new RangeVersions(range);
  let request: PageRequest = { keyMarker: range.after || undefined, maxKeys: range.pageSize };
  for (;;) {
    const raw = await listPage(request);
    // A range of one page, the usual one, is not even parsed.
    if (range.confirmedHash !== null && hashOf(raw.hash) === range.confirmedHash) return { kind: 'unchanged' };
    hash.update(raw.hash);
    const page = raw.parse();
    collected.add(page);
    const end = page.isTruncated ? collected.endBefore(page) : range.end;
    if (end !== undefined) return collected.finished(end, hash.digest('hex'));
    request = nextRequest(request, page);
  }
}

/** The hash of a listing of one page; the hash of a listing is of its pages' hashes. */
const hashOf = (pageHash: string): string => createHash('sha256').update(pageHash).digest('hex');

function nextRequest(request: PageRequest, page: VersionPage): PageRequest {
  const { nextKeyMarker, nextVersionIdMarker } = page;
  const stuck = nextKeyMarker === request.keyMarker && nextVersionIdMarker === request.versionIdMarker;
  if (nextKeyMarker === undefined || stuck) {
    throw new TransientError('The listing is truncated, and its next marker leads nowhere', {
      code: 'S3.BAD_LISTING',
      hint: 'The endpoint pages wrongly; the range is listed again later, and nothing is removed because of it.',
      context: { nextKeyMarker, nextVersionIdMarker },
    });
  }
  return { keyMarker: nextKeyMarker, versionIdMarker: nextVersionIdMarker, maxKeys: request.maxKeys };
}

/** What the pages of one visit have shown so far. */
class RangeVersions {
  private readonly versions: ListedVersion[] = [];
  private readonly seen = new Set<string>();
  private orderKept = true;

  constructor(private readonly range: Range) {}

  add(page: VersionPage): void {
    for (const version of page.versions) {
      // Some endpoints list a version twice: at a page's border, or beside keys beyond the Basic Multilingual Plane.
      const identity = `${version.versionId}/${version.key}`;
      if (this.seen.has(identity)) continue;
      this.seen.add(identity);
      const last = this.versions.at(-1);
      if (last !== undefined && compareKeys(last.key, version.key) > 0) this.orderKept = false;
      this.versions.push(version);
    }
  }

  /** Where the range may end after a truncated page: its own end, a cut, or undefined: list on. */
  endBefore(page: VersionPage): string | undefined {
    const last = page.versions.at(-1)?.key;
    if (last === undefined) return undefined;
    const { end } = this.range;
    if (end !== null && compareKeys(last, end) > 0) return end;
    return this.versions.length >= TARGET_VERSIONS ? this.cut(last) : undefined;
  }

  finished(end: string | null, hash: string): RangeListing {
    if (hash === this.range.confirmedHash && end === this.range.end) return { kind: 'unchanged' };
    return { kind: 'listed', versions: this.upTo(end), end, hash };
  }

  private upTo(end: string | null): ListedVersion[] {
    const inside = end === null ? this.versions : this.versions.filter(({ key }) => compareKeys(key, end) <= 0);
    // A stable sort: versions of one key stay in listed order.
    return this.orderKept ? inside : inside.toSorted((a, b) => compareKeys(a.key, b.key));
  }

  /**
   * A key whose versions are all listed, as near below the target as may be: the page's last key may have more. In the
   * middle where the range has an end: it has outgrown a page. Keys whose neighbours' order depends on the endpoint's
   * idea of Unicode are no boundaries, unless there is no other and the order was kept.
   */
  private cut(lastKey: string): string | undefined {
    const { end } = this.range;
    const target = end === null ? TARGET_VERSIONS : this.versions.length >> 1;
    const below = this.boundaryAt(lastKey, target, -1);
    return below ?? this.boundaryAt(lastKey, target, 1);
  }

  private boundaryAt(lastKey: string, target: number, step: 1 | -1): string | undefined {
    let fallback: string | undefined;
    for (let index = target; index > 0 && index < this.versions.length; index += step) {
      const before = this.versions[index - 1]?.key;
      const next = this.versions[index]?.key;
      if (before === undefined || before === next || before === lastKey) continue;
      if (!hasAmbiguousOrder(before)) return before;
      fallback ??= this.orderKept ? before : undefined;
    }
    return fallback;
  }
}
