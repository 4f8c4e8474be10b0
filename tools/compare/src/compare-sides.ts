import { compareListings, type Difference, type DifferenceKind, type OnBoth } from './compare-listings.js';
import {
  emptyTally,
  groupByKey,
  type KeyGroup,
  type ListingTally,
  OutOfOrderError,
  sortByKey,
} from './group-by-key.js';
import type { ListedEntry } from './listed-entry.js';
import { MarkerPlaces, watchMarkers } from './marker-places.js';

/** Begins a side's listing; called again where it must be read anew. */
export type ListSide = () => AsyncIterable<ListedEntry>;

export interface Comparison {
  readonly a: SideResult;
  readonly b: SideResult;
  /** How many of each kind; a kind without any is absent. */
  readonly counts: ReadonlyMap<DifferenceKind, number>;
  /** The first ones, in key order. */
  readonly samples: readonly Difference[];
  /** Times were compared to the second, because one side lists nothing finer. */
  readonly wholeSeconds: boolean;
  /** Versions whose bytes, headers, metadata and tags were compared as well; null: that was not asked for. */
  readonly deeply: number | null;
}

/** Reads what no listing tells, of each version that both sides list. */
export interface DeepReader {
  readonly compared: number;
  add: OnBoth;
  /** Every one that was added has been compared. */
  finish(): Promise<void>;
  close(): void;
}

/** Begins a deep comparison; its differences are said to the callback. */
export type OpenDeep = (onDifference: (difference: Difference) => void) => DeepReader;

export interface SideResult {
  readonly tally: ListingTally;
  /** Not in key order, and therefore sorted in memory; null where it was in order. */
  readonly outOfOrder: string | null;
  /** It lists the delete markers of a page before all of its versions: their place among these is not in its order. */
  readonly markersApart: boolean;
}

/** One side could not be listed to its end: nothing can be said. */
export class ListingFailedError extends Error {
  constructor(
    readonly side: 'A' | 'B',
    cause: unknown,
  ) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(`${side} could not be listed: ${reason}`, { cause });
    this.name = 'ListingFailedError';
  }
}

/** Compares two listings while they stream in; a side that lists out of key order is read again and sorted in memory. */
export async function compareSides(
  listA: ListSide,
  listB: ListSide,
  maxSamples: number,
  openDeep?: OpenDeep,
): Promise<Comparison> {
  const a = new SideReader('A', listA);
  const b = new SideReader('B', listB);
  for (;;) {
    try {
      return await compareOnce(a, b, maxSamples, openDeep);
    } catch (error) {
      const culprit = error instanceof ListingFailedError && error.cause instanceof OutOfOrderError ? error : null;
      if (culprit === null) throw error;
      (culprit.side === 'A' ? a : b).sortFromNowOn(culprit.cause);
    }
  }
}

async function compareOnce(
  a: SideReader,
  b: SideReader,
  maxSamples: number,
  openDeep: OpenDeep | undefined,
): Promise<Comparison> {
  const counts = new Map<DifferenceKind, number>();
  const samples: Difference[] = [];
  const fractions: Difference[] = [];
  const markerOrders: Difference[] = [];
  const lists: Partial<Record<DifferenceKind, Difference[]>> = {
    milliseconds: fractions,
    'marker order': markerOrders,
  };
  const take = (difference: Difference): void => {
    counts.set(difference.kind, (counts.get(difference.kind) ?? 0) + 1);
    const list = lists[difference.kind] ?? samples;
    if (list.length < maxSamples) list.push(difference);
  };
  const deep = openDeep?.(take);
  try {
    const onBoth: OnBoth | undefined = deep && ((left, right) => deep.add(left, right));
    for await (const difference of compareListings(a.read(), b.read(), onBoth)) take(difference);
    await deep?.finish();
  } finally {
    deep?.close();
  }
  // Only the whole listing tells whether a side knows fractions of a second at all.
  const wholeSeconds = a.tally.hasMilliseconds !== b.tally.hasMilliseconds;
  if (wholeSeconds) counts.delete('milliseconds');
  else samples.push(...fractions.slice(0, maxSamples - samples.length));
  if (a.markersApart || b.markersApart) counts.delete('marker order');
  else samples.push(...markerOrders.slice(0, maxSamples - samples.length));
  return { a: a.result(), b: b.result(), counts, samples, wholeSeconds, deeply: deep?.compared ?? null };
}

class SideReader {
  tally = emptyTally();
  #outOfOrder: string | null = null;
  #markers = new MarkerPlaces();

  constructor(
    private readonly side: 'A' | 'B',
    private readonly list: ListSide,
  ) {}

  sortFromNowOn(reason: unknown): void {
    this.#outOfOrder = reason instanceof Error ? reason.message : String(reason);
  }

  async *read(): AsyncGenerator<KeyGroup> {
    this.tally = emptyTally();
    this.#markers = new MarkerPlaces();
    const listed = watchMarkers(this.list(), this.#markers);
    const entries = this.#outOfOrder === null ? listed : sortByKey(listed);
    try {
      yield* groupByKey(entries, this.tally);
    } catch (error) {
      throw new ListingFailedError(this.side, error);
    }
  }

  get markersApart(): boolean {
    return this.#markers.areApart;
  }

  result(): SideResult {
    return { tally: this.tally, outOfOrder: this.#outOfOrder, markersApart: this.markersApart };
  }
}
