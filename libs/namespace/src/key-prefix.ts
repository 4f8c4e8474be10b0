const SURROGATES_BEGIN = 0xd800;
const SURROGATES_END = 0xdfff;
const LAST_CODE_POINT = 0x10ffff;

/**
 * The common prefix under which a key is rolled up: up to and with the first delimiter after the prefix. Undefined when the
 * key stands for itself, or there is no delimiter (empty).
 */
export function commonPrefixOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/**
 * The smallest text after every text that begins with `prefix`, in the order of UTF-8 bytes, which is that of code points.
 * Undefined when there is none: the prefix is empty, or nothing but U+10FFFF.
 */
export function afterPrefix(prefix: string): string | undefined {
  const points = [...prefix];
  while (points.length > 0) {
    const last = points.pop()?.codePointAt(0) ?? LAST_CODE_POINT;
    if (last < LAST_CODE_POINT) return points.join('') + String.fromCodePoint(nextCodePoint(last));
  }
  return undefined;
}

/** Lone surrogates have no UTF-8 form, so the one after U+D7FF is U+E000. */
function nextCodePoint(point: number): number {
  const next = point + 1;
  return next >= SURROGATES_BEGIN && next <= SURROGATES_END ? SURROGATES_END + 1 : next;
}
