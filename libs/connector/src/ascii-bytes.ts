const LESS_THAN = 0x3c;
const AMPERSAND = 0x26;
const QUOTE = 0x22;
const PERCENT = 0x25;
const PLUS = 0x2b;
const ZERO = 0x30;
const DOT = 0x2e;

/** Where the bytes end that are expected here; -1: others are here. */
export function passBytes(bytes: Uint8Array, start: number, expected: Uint8Array): number {
  const end = start + expected.length;
  if (end > bytes.length) return -1;
  for (let index = 0; index < expected.length; index += 1) {
    if (bytes[start + index] !== expected[index]) return -1;
  }
  return end;
}

/** Where a text ends: at a tag, at an entity, or at a quote. */
export function passText(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === LESS_THAN || byte === AMPERSAND || byte === QUOTE) break;
    at += 1;
  }
  return at;
}

export function passDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at += 1;
  return at;
}

/** The number that these digits are: at most fifteen, so that it is exact. */
export function numberOf(bytes: Uint8Array, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at += 1) number = number * 10 + (bytes[at] ?? 0) - ZERO;
  return number;
}

/** Where a time like `2026-11-22T15:24:11.037Z` ends, whose fraction may be missing; -1: there is none. */
export function passTime(bytes: Uint8Array, start: number): number {
  for (let index = 0; index < timeForm.length; index += 1) {
    const form = timeForm[index];
    if (form === ZERO ? !isDigit(bytes[start + index]) : bytes[start + index] !== form) return -1;
  }
  const part = (at: number, length = 2) => numberOf(bytes, start + at, start + at + length);
  const day = part(8);
  if (day < 1 || day > daysIn(part(0, 4), part(5)) || part(11) > 23 || part(14) > 59 || part(17) > 59) return -1;
  const end = start + timeForm.length;
  if (bytes[end] !== DOT) return passBytes(bytes, end, zone);
  const fraction = passDigits(bytes, end + 1) - end;
  return fraction > 1 && fraction <= 10 ? passBytes(bytes, end + fraction, zone) : -1;
}

/** None in a month that there is not. */
function daysIn(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Whether something in between stands for another character, in a URL or in XML. */
export function hasEscapes(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === PERCENT || byte === PLUS || byte === AMPERSAND) return true;
  }
  return false;
}

/** Whether the first of two parts sorts after the second. */
export function isAfter(bytes: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  const length = Math.min(end - start, otherEnd - otherStart);
  for (let index = 0; index < length; index += 1) {
    const difference = (bytes[start + index] ?? 0) - (bytes[otherStart + index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return end - start > otherEnd - otherStart;
}

const timeForm = Buffer.from('0000-00-00T00:00:00');
const zone = Buffer.from('Z');

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}
