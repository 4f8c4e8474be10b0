/**
 * Documents of several keys by one query, in the order of the keys. A key that has many must not crowd out the memory, nor
 * the others: where the query was cut at its limit, the keys from there on are read one by one.
 * @param query Documents of these keys, sorted by key, cut at the limit.
 * @param single As many of one key as are wanted.
 */
export async function readByKey<T>(
  keys: readonly string[],
  limit: number,
  keyOf: (document: T) => string,
  query: (keys: readonly string[], limit: number) => Promise<T[]>,
  single: (key: string) => Promise<T[]>,
): Promise<ReadonlyMap<string, readonly T[]>> {
  const [only, ...others] = keys;
  if (only === undefined) return new Map();
  if (others.length === 0) return new Map([[only, await single(only)]]);
  const found = await query(keys, limit);
  const byKey = Map.groupBy(found, keyOf);
  if (found.length < limit) return byKey;
  const last = found.at(-1);
  // In the database's order of keys: all before the last one are whole, and those that were not reached are not there.
  const whole = new Map([...byKey].filter(([key]) => last === undefined || key !== keyOf(last)));
  const rest = keys.filter((key) => !whole.has(key));
  const singles = await Promise.all(rest.map(async (key) => [key, await single(key)] as const));
  return new Map([...whole, ...singles]);
}
