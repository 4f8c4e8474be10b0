/** Places of versions that the listing does not show (any more) but the mirror still does. */
export interface HiddenPlaces {
  readonly smallest: number;
  readonly largest: number;
}

/**
 * Places for the versions of one key, in listed order (newest first): strictly ascending. `known` holds the mirror's place
 * of each, null where the mirror does not know it. As many known places as possible stay as they are, because each that
 * moves is a difference to write: a version put on top costs one change, not one for every older version (rule R5).
 */
export function placeVersions(known: ReadonlyArray<number | null>, hidden: HiddenPlaces | null): number[] {
  const kept = longestAscending(known);
  const places: Array<number | null> = known.map((place, index) => (kept.has(index) ? place : null));
  const filled = fillGaps(places, hidden);
  // Fractions run out after some fifty insertions at one spot: then the whole key is numbered anew.
  return isAscending(filled) ? filled : known.map((_, index) => index);
}

/** Indexes of a longest strictly ascending subsequence of the known places. */
function longestAscending(known: ReadonlyArray<number | null>): ReadonlySet<number> {
  const tails: number[] = []; // index of the smallest last place of a run of each length
  const previous = new Map<number, number>();
  known.forEach((place, index) => {
    if (place === null) return;
    const length = lowerBound(tails, known, place);
    const before = tails[length - 1];
    if (before !== undefined) previous.set(index, before);
    tails[length] = index;
  });
  const kept = new Set<number>();
  for (let index = tails.at(-1); index !== undefined; index = previous.get(index)) kept.add(index);
  return kept;
}

/** How many runs end on a place smaller than `place`. */
function lowerBound(tails: readonly number[], known: ReadonlyArray<number | null>, place: number): number {
  let low = 0;
  let high = tails.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const tail = known[tails[middle] ?? 0] ?? Number.POSITIVE_INFINITY;
    if (tail < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

function fillGaps(places: ReadonlyArray<number | null>, hidden: HiddenPlaces | null): number[] {
  const filled: number[] = [];
  for (let index = 0; index < places.length; index += 1) {
    const place = places[index] ?? null;
    if (place !== null) {
      filled.push(place);
      continue;
    }
    let end = index;
    while (end < places.length && places[end] === null) end += 1;
    filled.push(...gap(filled.at(-1) ?? null, places[end] ?? null, end - index, hidden));
    index = end - 1;
  }
  return filled;
}

/** `count` places between two neighbours; at either end of the key also beyond what is hidden there. */
function gap(left: number | null, right: number | null, count: number, hidden: HiddenPlaces | null): number[] {
  const steps = Array.from({ length: count }, (_, step) => step);
  if (left !== null && right !== null) return steps.map((step) => left + ((right - left) * (step + 1)) / (count + 1));
  if (right !== null) {
    const first = Math.floor(Math.min(right, hidden?.smallest ?? right));
    return steps.map((step) => first - count + step);
  }
  if (left !== null) {
    const last = Math.ceil(Math.max(left, hidden?.largest ?? left));
    return steps.map((step) => last + 1 + step);
  }
  // Nothing listed is known: on top of what is hidden.
  const first = Math.floor(hidden?.smallest ?? count);
  return steps.map((step) => first - count + step);
}

function isAscending(places: readonly number[]): boolean {
  return places.every((place, index) => index === 0 || (places[index - 1] ?? place) < place);
}
