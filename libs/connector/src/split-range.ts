import { compareKeyBytes } from './key-order.js';
import type { KeyShape } from './key-shape.js';

/** What is left of a range after its first page. */
export interface OpenRest {
  /** First and last key of the page that was listed; the rest is what follows. */
  readonly first: string;
  readonly last: string;
  /** Versions that the page brought, from `first` to `last`. */
  readonly listed: number;
  /** Up to and with this key; null: to the last. */
  readonly end: string | null;
  /** What is known of the keys after `end`: a guessed end has nothing after it, or many, or was not looked at yet. */
  readonly beyond: 'keys' | 'none' | 'unknown';
}

/** A rest of fewer pages is listed sooner than it is shared. */
const MIN_PAGES = 4;
const PAGE_VERSIONS = 985;
/** Shares smaller than that are lost in a double. */
const SMALLEST_SHARE = 1e-13;
const MAX_GUESSED_CHARACTERS = 24;

/**
 * Where to split the rest of an open range in two, so that another worker lists its far half: a key between `last` and
 * `end` that need not exist. Null: not worth it, or nothing is known. The guess may be wrong; a wrong one costs one request.
 *
 * Where keys follow the end, the rest is taken to be filled evenly, and is halved. Where nothing does, or nobody knows, its
 * keys may end anywhere: the guess goes to the middle of the scale from "one character further at the end of the key" to
 * "one character further at its beginning", so that a few guesses find the end of a sequence, whatever its size.
 */
export function splitPoint(rest: OpenRest, shape: KeyShape): string | null {
  const { last, end } = rest;
  const half = rest.beyond === 'keys' ? halfway(rest, shape) : undefined;
  const guess = half === undefined ? furtherOn(rest, shape) : half;
  if (guess === null) return null;
  return compareKeyBytes(last, guess) < 0 && (end === null || compareKeyBytes(guess, end) < 0) ? guess : null;
}

/** Undefined: there is no such key. Null: the rest is too small. */
function halfway({ first, last, listed, end }: OpenRest, shape: KeyShape): string | null | undefined {
  if (end === null) return undefined;
  const common = commonLength(last, end);
  const from = shareBelow(last, common, shape);
  const to = shareBelow(end, common, shape);
  const pageFrom = first.startsWith(last.slice(0, common)) ? shareBelow(first, common, shape) : 0;
  const width = Math.max(from - pageFrom, SMALLEST_SHARE);
  if (((to - from) / width) * (listed / PAGE_VERSIONS) < MIN_PAGES) return null;
  return keyAt(last.slice(0, common), (from + to) / 2, (to - from) / 20, { last, end }, shape);
}

/** Which share of the keys with the first `length` characters of this one are below it, if all were equally likely. */
function shareBelow(key: string, length: number, shape: KeyShape): number {
  let share = 0;
  let width = 1;
  for (let index = length; index < key.length && width > SMALLEST_SHARE; index += 1) {
    const characters = shape.after(key.slice(0, index));
    if (characters === '') break;
    const character = key.charAt(index);
    const count = characters.length + (characters.includes(character) ? 0 : 1);
    share += (width * countBelow(characters, character)) / count;
    width /= count;
  }
  return share;
}

/** The shortest key at about this share, inside the bounds. */
function keyAt(
  beginning: string,
  share: number,
  tolerance: number,
  { last, end }: { readonly last: string; readonly end: string },
  shape: KeyShape,
): string | undefined {
  let key = beginning;
  let below = 0;
  let width = 1;
  for (let count = 0; count < MAX_GUESSED_CHARACTERS; count += 1) {
    const characters = shape.after(key);
    if (characters === '') break;
    const wanted = Math.floor(((share - below) / width) * characters.length + 1e-9);
    const index = Math.max(0, Math.min(characters.length - 1, wanted));
    below += (width * index) / characters.length;
    width /= characters.length;
    key += characters.charAt(index);
    if (share - below < tolerance && isBetween(key, last, end)) return key;
  }
  return isBetween(key, last, end) ? key : undefined;
}

const isBetween = (key: string, last: string, end: string): boolean =>
  compareKeyBytes(last, key) < 0 && compareKeyBytes(key, end) < 0;

/** One character of `last` further on, at the middle of the places where that stays below the end; null: there is none. */
function furtherOn(rest: OpenRest, shape: KeyShape): string | null {
  const { first, last, end } = rest;
  const from = end === null ? 0 : commonLength(last, end);
  // Behind this place the keys of one page already differ.
  const to = Math.min(Math.max(commonLength(first, last), from), last.length - 1);
  const guesses: string[] = [];
  for (let index = from; index <= to; index += 1) {
    const beginning = last.slice(0, index);
    const further = charactersAbove(shape.after(beginning), last.charAt(index)).filter(
      (character) => end === null || compareKeyBytes(beginning + character, end) < 0,
    );
    const middle = further[further.length >> 1];
    if (middle !== undefined && !isNearlyDone(rest, index, further.length, shape)) guesses.push(beginning + middle);
  }
  return guesses[guesses.length >> 1] ?? null;
}

/** At the place where the page's own keys differ, its pace says how many pages are left. */
function isNearlyDone({ first, last }: OpenRest, index: number, left: number, shape: KeyShape): boolean {
  if (index === 0 || index !== commonLength(first, last)) return false;
  const characters = shape.after(last.slice(0, index));
  const passed = countBelow(characters, last.charAt(index)) - countBelow(characters, first.charAt(index));
  return left / Math.max(1, passed) < MIN_PAGES;
}

const charactersAbove = (characters: string, limit: string): string[] =>
  [...characters].filter((character) => character > limit);

function countBelow(characters: string, limit: string): number {
  let count = 0;
  while (count < characters.length && characters.charAt(count) < limit) count += 1;
  return count;
}

function commonLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length += 1;
  return length;
}
