import { z } from 'zod';

export interface PageRequest {
  readonly limit: number;
  readonly after?: string | undefined;
}

/** Query of every list. `after` is the `next` of the page before. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Items a page: 1 to 1000'),
  after: z.string().min(1).max(200).optional().describe('Where to go on: `next` of the page before'),
});

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    items: z.array(item),
    next: z.string().nullable().describe('Pass it as `after` for the next page; null: this is the last one'),
  });

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** @param found One more than the page holds, where there are more. */
export function toPage<T>(found: readonly T[], limit: number, cursor: (item: T) => string): Page<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? cursor(last) : null };
}
