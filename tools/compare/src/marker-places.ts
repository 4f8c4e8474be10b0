import { compareKeyBytes, type ListedEntry } from './listed-entry.js';

/**
 * Whether a side lists the delete markers of each page before its versions, each kind in order by itself, as it goes by. It
 * takes proof for it: an order that goes back just there, and no page with a marker after a version.
 */
export class MarkerPlaces {
  #isProven = false;
  #isRefuted = false;
  #last: ListedEntry | undefined;

  get areApart(): boolean {
    return this.#isProven && !this.#isRefuted;
  }

  note(entry: ListedEntry): void {
    const before = this.#last;
    this.#last = entry;
    if (before === undefined || before.page !== entry.page || before.kind === entry.kind) return;
    if (entry.kind === 'deleteMarker') this.#isRefuted = true;
    else if (goesBack(before, entry)) this.#isProven = true;
  }
}

/** To a smaller key, or inside a key to its latest version. */
function goesBack(marker: ListedEntry, version: ListedEntry): boolean {
  const order = compareKeyBytes(version.key, marker.key);
  return order < 0 || (order === 0 && version.isLatest);
}

export async function* watchMarkers(
  entries: AsyncIterable<ListedEntry>,
  places: MarkerPlaces,
): AsyncGenerator<ListedEntry> {
  for await (const entry of entries) {
    places.note(entry);
    yield entry;
  }
}
