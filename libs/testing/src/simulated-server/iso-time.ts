const dayMs = 86_400_000;
const digitsOf = (count: number, length: number): readonly string[] =>
  Array.from({ length: count }, (_, number) => String(number).padStart(length, '0'));
const two = digitsOf(60, 2);
const three = digitsOf(1_000, 3);
/** `2026-01-31`, by days since 1970. */
const days: string[] = [];

/** A time in milliseconds since 1970, as `toISOString` writes it: to write dates would be a third of a page's cost. */
export function isoTime(ms: number): string {
  const day = Math.floor(ms / dayMs);
  return `${isoDay(day)}T${clockTime(ms - day * dayMs)}Z`;
}

export function isoDay(day: number): string {
  const known = days[day];
  if (known !== undefined) return known;
  const text = new Date(day * dayMs).toISOString().slice(0, 10);
  days[day] = text;
  return text;
}

/** `15:24:11.037`, by milliseconds since midnight. */
export function clockTime(ms: number): string {
  const second = Math.floor(ms / 1_000);
  const minute = Math.floor(second / 60);
  const hour = Math.floor(minute / 60);
  return `${two[hour]}:${two[minute - hour * 60]}:${two[second - minute * 60]}.${three[ms - second * 1_000]}`;
}
