/**
 * Orders keys by their UTF-8 bytes, as S3 lists them. JavaScript compares UTF-16 units, which differs only between
 * surrogates (characters beyond the Basic Multilingual Plane) and U+E000 to U+FFFF: there the surrogate is the larger.
 */
export function compareKeyBytes(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  if (at === length) return a.length - b.length;
  return rank(a.charCodeAt(at)) - rank(b.charCodeAt(at));
}

function rank(unit: number): number {
  const isSurrogate = unit >= 0xd800 && unit <= 0xdfff;
  return isSurrogate ? unit + 0x10000 : unit;
}

/** After `b` by every order that endpoints have been seen to list in: UTF-8 bytes and UTF-16 units. */
export function isSurelyAfter(a: string, b: string): boolean {
  return a > b && compareKeyBytes(a, b) > 0;
}
