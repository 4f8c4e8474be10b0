import { compareKeys } from '@mirror/namespace';

export interface HidingPlace {
  /** Never empty. */
  readonly prefix: string;
  /** What is hidden comes after this key. */
  readonly after: string;
}

/** Below surrogates and U+E000 in every order. */
const LAST_BEFORE_HIGH = '\uD7FF';

/**
 * Where an endpoint that hides keys beyond U+FFFF beside keys in U+E000 to U+FFFF may hide some: after what stands before the
 * first such character of a key. Folders that begin alike are one place, so that a range of many costs few listings. Keys at
 * the top of the bucket are in none: they have no prefix.
 */
export function hidingPlacesOf(keys: readonly string[]): readonly HidingPlace[] {
  const folders = new Set(keys.map((key) => key.slice(0, Math.max(0, key.search(/[\uE000-\uFFFF]/)))));
  folders.delete('');
  const alike = Map.groupBy(folders, (folder) => String.fromCodePoint(folder.codePointAt(0) ?? 0));
  return [...alike.values()].map((some) => {
    const sorted = some.toSorted(compareKeys);
    const first = sorted[0] ?? '';
    return { prefix: commonStart(first, sorted.at(-1) ?? ''), after: `${first}${LAST_BEFORE_HIGH}` };
  });
}

/** Of the first and the last of many in their order: that of all. Ends between two characters. */
function commonStart(a: string, b: string): string {
  const others = [...b];
  const characters = [...a];
  const length = characters.findIndex((character, index) => character !== others[index]);
  return length < 0 ? a : characters.slice(0, length).join('');
}
