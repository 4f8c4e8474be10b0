export type KeyOrder = (a: string, b: string) => number;

/** As S3 lists: by UTF-8 bytes, which is by code points. */
export const utf8Order: KeyOrder = (a, b) => {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    if (a.charCodeAt(index) === b.charCodeAt(index)) continue;
    return weight(a.charCodeAt(index)) - weight(b.charCodeAt(index));
  }
  return a.length - b.length;
};

/** As JavaScript and Java compare strings. */
export const utf16Order: KeyOrder = (a, b) => (a < b ? -1 : Number(a > b));

const weight = (unit: number): number => (isSurrogate(unit) ? unit + 0x10000 : unit);
const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

/** What stands before a key's first character beyond U+FFFF; undefined where it has none. */
export function beforeAstral(key: string): string | undefined {
  for (let index = 0; index < key.length; index += 1) {
    if (isSurrogate(key.charCodeAt(index))) return key.slice(0, index);
  }
  return undefined;
}

/** Whether the two orders disagree about `key` and any key of a character beyond U+FFFF after `before`. */
export const isHighBeside = (key: string, before: string): boolean =>
  key.startsWith(before) && key.charCodeAt(before.length) >= 0xe000;

/** The first index whose key is after `key`, or is `key` itself where `orAt` says so. */
export function indexAfter(keys: readonly string[], key: string, order: KeyOrder, orAt = false): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const compared = order(keys[middle] ?? '', key);
    if (compared < 0 || (compared === 0 && !orAt)) low = middle + 1;
    else high = middle;
  }
  return low;
}
