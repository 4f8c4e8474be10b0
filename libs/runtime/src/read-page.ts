/** Of a list in the internal API; what is not given is 100, from the first, of all mirrors. */
export interface PageQuery {
  readonly limit?: string;
  /** The `next` of the page before. */
  readonly after?: string;
  readonly mirrorId?: string;
}

export interface RecordPage<T> {
  readonly items: readonly T[];
  /** The `after` of the next page; null: this is the last one. */
  readonly next: string | null;
}

/** By id, one more than `limit` where there are more. */
export type FindPage<T> = (limit: number, after?: string, mirrorId?: string) => Promise<readonly T[]>;

const DEFAULT_LIMIT = '100';
const MAX_LIMIT = 1_000;

export async function readPage<T extends { readonly _id: string }>(
  { limit = DEFAULT_LIMIT, after, mirrorId }: PageQuery,
  find: FindPage<T>,
): Promise<RecordPage<T>> {
  const size = Math.min(MAX_LIMIT, Math.max(1, Number.parseInt(limit, 10) || 1));
  const found = await find(size, after, mirrorId);
  const items = found.slice(0, size);
  return { items, next: found.length > size ? (items.at(-1)?._id ?? null) : null };
}
