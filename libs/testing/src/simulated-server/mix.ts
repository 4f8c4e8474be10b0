/** A number of 32 bits that two numbers always give, and that looks like chance. */
export function mix(seed: number, value: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(value, 0xc2b2ae35) ^ Math.floor(value / 2 ** 32);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Texts of 16 bits each: the half of a page's cost would be to write numbers. */
const fourDigits = Array.from({ length: 2 ** 16 }, (_, number) => number.toString(16).padStart(4, '0'));

/** Eight digits. */
export function hexOf(seed: number, value: number): string {
  const hash = mix(seed, value);
  return (fourDigits[hash >>> 16] ?? '') + (fourDigits[hash & 0xffff] ?? '');
}
