/** What the keys of a bucket look like, as far as pages have shown: which characters follow what, token by token. */

const MAX_CONTEXTS = 5_000;
/** Tokens and characters of a key beyond these are not looked at. */
const MAX_TOKENS = 48;
const MAX_OFFSET = 64;
/** A context seen under so many different beginnings of keys is known; before that, more may follow than was seen. */
const KNOWN_AFTER = 2;
/** A place where more letters than these were seen is none of words. */
const MOST_OF_WORDS = 20;

const DIGITS = '0123456789';
const DIGIT = 1;
const LOWER = 2;
const UPPER = 4;

interface Context {
  characters: Set<string>;
  /** Different beginnings before the token, one after the other. */
  beginnings: number;
  lastBeginning: string | undefined;
}

interface Place {
  readonly characters: Set<string>;
  kinds: number;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Learns from listed keys which characters may follow a beginning of a key. Keys are read as tokens (`2026`, `01`, `IMG`)
 * between separators, since folders of a kind repeat: the months under a year, the hours under a day. Memory is bounded.
 */
export class KeyShape {
  private readonly contexts = new Map<string, Context>();
  /** By token and offset in it. */
  private readonly places = new Map<number, Place>();
  /** Every character that any token begins with: names are often the same at every depth. */
  private readonly begins = new Set<string>();
  /** By token: every character in it, and the kinds that stand in for each other there (hexadecimal digits). */
  private readonly tokens = new Map<number, Place>();

  learn(key: string): void {
    let token = 0;
    let separators = 0;
    let start = 0;
    for (let index = 0; index < key.length && separators < MAX_TOKENS; index += 1) {
      const character = key.charAt(index);
      if (!isSimple(character)) return;
      if (index - start < MAX_OFFSET) {
        this.learnContext(token, key.slice(start, index), key.slice(0, start), character);
        this.learnPlace(token, index - start, character);
      }
      if (kindOf(character) !== 0) continue;
      separators += 1;
      token = tokenAfter(separators, character);
      start = index + 1;
    }
  }

  /** The characters that may come next, in order; empty: nothing is known of such a beginning. */
  after(beginning: string): string {
    const { token, start } = lastToken(beginning);
    const place = this.places.get(placeId(token, beginning.length - start));
    if (!place) return '';
    const context = this.contexts.get(contextId(token, beginning.slice(start)));
    const isInWord = beginning.length > start && isOfWords(place);
    // Of words few are alike: inside one, what would be guessed besides is no key's beginning.
    if (isInWord) return inOrder(context?.characters ?? NONE);
    return inOrder(context && context.beginnings >= KNOWN_AFTER ? context.characters : this.widened(token, place));
  }

  /**
   * What was seen at the place, and what is of the same kind: any digit, any letter that its token holds; where words begin,
   * any that a token begins with.
   */
  private widened(token: number, place: Place): Set<string> {
    const characters = new Set(place.characters);
    const mixed = this.tokens.get(token);
    const kinds = mixed && (place.kinds & mixed.kinds) !== 0 ? place.kinds | mixed.kinds : place.kinds;
    if ((kinds & DIGIT) !== 0) for (const digit of DIGITS) characters.add(digit);
    for (const character of [...(mixed?.characters ?? []), ...(isOfWords(place) ? this.begins : [])]) {
      if ((kindOf(character) & kinds) !== 0) characters.add(character);
    }
    return characters;
  }

  private learnContext(token: number, within: string, beginning: string, character: string): void {
    const id = contextId(token, within);
    let context = this.contexts.get(id);
    if (!context) {
      if (this.contexts.size >= MAX_CONTEXTS) return;
      context = { characters: new Set(), beginnings: 0, lastBeginning: undefined };
      this.contexts.set(id, context);
    }
    if (context.lastBeginning !== beginning) {
      context.lastBeginning = beginning;
      context.beginnings += 1;
    }
    context.characters.add(character);
  }

  private learnPlace(token: number, offset: number, character: string): void {
    const place = entryOf(this.places, placeId(token, offset));
    if (place.characters.has(character)) return;
    if (offset === 0) this.begins.add(character);
    place.characters.add(character);
    place.kinds |= kindOf(character);
    const whole = entryOf(this.tokens, token);
    whole.characters.add(character);
    if ((place.kinds & (place.kinds - 1)) !== 0) whole.kinds |= place.kinds; // more than one kind at one place
  }
}

function entryOf(map: Map<number, Place>, id: number): Place {
  const known = map.get(id);
  if (known) return known;
  const fresh: Place = { characters: new Set(), kinds: 0 };
  map.set(id, fresh);
  return fresh;
}

/** Only letters, and not all of these. */
const isOfWords = ({ kinds, characters }: Place): boolean =>
  kinds !== 0 && (kinds & DIGIT) === 0 && characters.size <= MOST_OF_WORDS;

/** By how many separators there were, and by the last: what follows `team-` is not what follows `docs/`. */
const tokenAfter = (separators: number, last: string): number => separators * 128 + last.charCodeAt(0);
const contextId = (token: number, within: string): string => `${token}/${within}`;
const placeId = (token: number, offset: number): number => token * 256 + offset;

function lastToken(beginning: string): { token: number; start: number } {
  let token = 0;
  let separators = 0;
  let start = 0;
  for (let index = 0; index < beginning.length; index += 1) {
    if (kindOf(beginning.charAt(index)) !== 0) continue;
    separators += 1;
    token = tokenAfter(separators, beginning.charAt(index));
    start = index + 1;
  }
  return { token, start };
}

/** Zero: a separator. Letters beyond ASCII count as lower case: what matters is that they separate nothing. */
function kindOf(character: string): number {
  if (character >= '0' && character <= '9') return DIGIT;
  if (character >= 'A' && character <= 'Z') return UPPER;
  return (character >= 'a' && character <= 'z') || character > '\u007F' ? LOWER : 0;
}

/** In the same order by UTF-8 and by UTF-16, and in no need of an escape. */
const isSimple = (character: string): boolean => character >= ' ' && character < '\uD800';

const inOrder = (characters: ReadonlySet<string>): string => [...characters].sort().join('');
