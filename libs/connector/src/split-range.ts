import { compareKeyBytes } from './key-order.js';
import { KeyShape } from './key-shape.js';

/** What is left of a range after its first page. */
export interface ListedRest {
  /** First and last key of the page that was listed; the rest is what follows. */
  readonly first: string;
  readonly last: string;
  /** Versions that the page brought, from `first` to `last`. */
  readonly listed: number;
  /** Up to and with this key; null: to the last. */
  readonly end: string | null;
}

export interface OpenRest extends ListedRest {
  /** What is known of the keys after `end`: a guessed end has nothing after it, or many, or was not looked at yet. */
  readonly beyond: 'keys' | 'none' | 'unknown';
}

/** A rest of fewer pages is listed sooner than it is shared. */
const MIN_PAGES = 4;
const SMALLEST_PART = 2;
const PAGE_VERSIONS = 985;
/** Shares smaller than that are lost in a double. */
const SMALLEST_SHARE = 1e-13;
const MAX_GUESSED_CHARACTERS = 24;

/** Ranges whose rests are compared: as many as are usually open. */
const REMEMBERED = 16;
/** A rest that more of them outdo is small: estimates are rough, one alone says little. */
const MOST_LARGER = 0.2;

/** Splits open ranges by what was listed so far: what keys look like, and how much was left of the ranges listed lately. */
export class RangeSplitter {
  readonly shape = new KeyShape();
  private readonly sizes: number[] = [];

  /** A page was listed, and its keys were learned. */
  note(rest: ListedRest): void {
    if (rest.end === null) return;
    this.sizes.push(pagesLeft(rest, this.shape));
    if (this.sizes.length > REMEMBERED) this.sizes.shift();
  }

  /**
   * Where to split a rest, so that other workers list what is behind: keys between `last` and `end`, in their order, that need
   * not exist. At most so many; none: not worth it, or nothing is known. A wrong guess costs one request, and so does the last
   * page of each part: so a rest is left alone that is small beside others, of which one comes soon.
   *
   * Where keys follow the end, the rest is taken to be filled evenly, and is cut in equal parts. Where nothing does, or nobody
   * knows, its keys may end anywhere: the guesses spread over the scale from "one character further at the end of the key" to
   * "one character further at its beginning", so that a few of them find the end of a sequence, whatever its size.
   */
  split(rest: OpenRest, most: number): string[] {
    if (most < 1) return [];
    const { last, end } = rest;
    const parts = rest.beyond === 'keys' ? this.equalParts(rest, most) : undefined;
    const guesses = parts ?? furtherOn(rest, this.shape, most);
    return guesses.filter((key, index) => isBetween(key, guesses[index - 1] ?? last, end));
  }

  /** Undefined: there are no such keys. None: the rest is too small. */
  private equalParts(rest: OpenRest, most: number): string[] | undefined {
    const pages = pagesLeft(rest, this.shape);
    if (pages < MIN_PAGES || this.isSmall(pages)) return [];
    const keys = keysBetween(rest, Math.min(most, Math.floor(pages / SMALLEST_PART) - 1), this.shape);
    return keys.length > 0 ? keys : undefined;
  }

  private isSmall(pages: number): boolean {
    const larger = this.sizes.filter((other) => other > pages).length;
    return larger > MOST_LARGER * this.sizes.length;
  }
}

/** How many pages the rest has, if it is filled as the listed page is. */
function pagesLeft(rest: ListedRest, shape: KeyShape): number {
  const { first, last, listed } = rest;
  const { common, from, to } = sharesOf(rest, shape);
  const pageFrom = first.startsWith(last.slice(0, common)) ? shareBelow(first, common, shape) : 0;
  return ((to - from) / Math.max(from - pageFrom, SMALLEST_SHARE)) * (listed / PAGE_VERSIONS);
}

/** So many keys at equal distances, as far as there are such. */
function keysBetween(rest: ListedRest, count: number, shape: KeyShape): string[] {
  const { last, end } = rest;
  const { common, from, to } = sharesOf(rest, shape);
  const step = (to - from) / (count + 1);
  const keys: string[] = [];
  for (let index = 1; index <= count && end !== null; index += 1) {
    const bounds = { last: keys.at(-1) ?? last, end };
    const key = keyAt(last.slice(0, common), from + step * index, step / 10, bounds, shape);
    if (key !== undefined) keys.push(key);
  }
  return keys;
}

/** Where the rest is among all keys with the characters that its ends have in common. */
function sharesOf({ last, end }: ListedRest, shape: KeyShape): { common: number; from: number; to: number } {
  const common = commonLength(last, end ?? '');
  const to = end === null ? 1 : shareBelow(end, common, shape);
  return { common, from: shareBelow(last, common, shape), to };
}

/** Which share of the keys with the first `length` characters of this one are below it, if all were equally likely. */
function shareBelow(key: string, length: number, shape: KeyShape): number {
  let share = 0;
  let width = 1;
  for (let index = length; index < key.length && width > SMALLEST_SHARE; index += 1) {
    const characters = shape.after(key.slice(0, index));
    if (characters === '') break;
    const character = key.charAt(index);
    share += (width * countBelow(characters, character)) / characters.length;
    if (!characters.includes(character)) break; // no key is expected there: all are below, or above
    width /= characters.length;
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

const isBetween = (key: string, last: string, end: string | null): boolean =>
  compareKeyBytes(last, key) < 0 && (end === null || compareKeyBytes(key, end) < 0);

/** One character of `last` further on, at some of the places where that stays below the end: evenly, the middle for one. */
function furtherOn(rest: OpenRest, shape: KeyShape, most: number): string[] {
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
  // What is further on at a later place of the key comes sooner.
  const inOrder = guesses.reverse();
  if (inOrder.length <= most) return inOrder;
  const step = inOrder.length / most;
  return Array.from({ length: most }, (_, index) => inOrder[Math.ceil((index + 0.5) * step) - 1] ?? '');
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
