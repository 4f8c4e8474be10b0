const SURROGATES_BEGIN = 0xd800;
const SURROGATES_END = 0xdfff;

/**
 * Orders keys as S3 and MongoDB do, by their UTF-8 bytes. JavaScript's `<` orders by UTF-16 units and differs where a
 * character beyond the Basic Multilingual Plane meets one in U+E000 to U+FFFF.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return weight(unitA) - weight(unitB);
  }
  return a.length - b.length;
}

/** A surrogate stands for a character above every single unit. */
function weight(unit: number): number {
  return unit >= SURROGATES_BEGIN && unit <= SURROGATES_END ? unit + 0x10000 : unit;
}

/** True where UTF-8 and UTF-16 order could disagree about a neighbour of this key: such a key is no safe boundary. */
export function hasAmbiguousOrder(key: string): boolean {
  for (let index = 0; index < key.length; index += 1) {
    if (key.charCodeAt(index) >= SURROGATES_BEGIN) return true;
  }
  return false;
}
